import type { Command } from 'commander'

/**
 * The command that the words name and nothing more, where it only groups others, as the program itself does: its help is
 * what there is to tell. Undefined for any other words.
 */
export function groupNamed(program: Command, words: readonly string[]): Command | undefined {
  let command: Command | undefined = program
  for (const word of words) command = command?.commands.find((one) => one.name() === word)
  if (command === undefined || command.commands.length === 0) return undefined
  const { _defaultCommandName: usual } = command as Command & { readonly _defaultCommandName?: string | null }
  return usual === undefined || usual === null ? command : undefined
}
