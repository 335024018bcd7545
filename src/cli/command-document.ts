import type { Command } from 'commander'

/** What a command takes, for programs. */
export interface CommandDocument {
  /** With the names of the commands before it. */
  readonly command: string
  readonly description: string
  readonly arguments: readonly {
    readonly name: string
    readonly description: string
    readonly required: boolean
  }[]
  readonly options: readonly {
    readonly flags: string
    readonly description: string
    /** Null for none. */
    readonly default: string | null
  }[]
  /** Its subcommands, by name. */
  readonly commands: Readonly<Record<string, string>>
}

/** The help of a command as a document. */
export function commandDocument(command: Command): CommandDocument {
  const names: string[] = []
  for (let one: Command | null = command; one !== null; one = one.parent) names.unshift(one.name())
  const help = command.createHelp()
  return {
    command: names.join(' '),
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      description: argument.description,
      required: argument.required,
    })),
    options: help.visibleOptions(command).map(({ flags, description, defaultValue }) => ({
      flags,
      description,
      default: defaultValue === undefined ? null : String(defaultValue as unknown),
    })),
    commands: Object.fromEntries(help.visibleCommands(command).map((one) => [one.name(), one.description()])),
  }
}
