/** A word as a POSIX shell takes it: quoted where it must be. */
export function shellWord(text: string): string {
  return /^[\p{L}\p{N}_@%+=:,./~-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** Another command with the words that this one was given, but for some. */
export function sameWords(command: string, without: readonly string[]): string {
  const words = process.argv.slice(3).filter((word) => !without.includes(word))
  return ['pipewright', command, ...words.map(shellWord)].join(' ')
}
