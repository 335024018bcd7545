import { shellWord } from '../ui/shell-word.ts'

export { shellWord }

/** Another command with the words that this one was given, but for some. */
export function sameWords(command: string, without: readonly string[]): string {
  const words = process.argv.slice(3).filter((word) => !without.includes(word))
  return ['pipewright', command, ...words.map(shellWord)].join(' ')
}
