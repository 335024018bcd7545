import { Command, CommanderError, type Argument } from 'commander'
import { packageVersion } from '../workspace/version.ts'
import { commandGroups } from './commands/index.ts'

function argumentText(argument: Argument): string {
  return argument.required ? `<${argument.name()}>` : `[${argument.name()}]`
}

/** The command line, as commander parses it. */
export function buildProgram(): Command {
  const program = new Command('pipewright')
    .description('Typed pipelines with a cache that is right, resume, and lineage')
    .version(packageVersion())
    // Before the commands: they inherit it.
    .exitOverride()
    .configureHelp({
      // What options there are is in the help of the command.
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map(argumentText)].join(' '),
    })
    .showHelpAfterError('(add --help for what there is)')
    .helpCommand(false)
  for (const { title, commands } of commandGroups) {
    program.commandsGroup(title)
    for (const register of commands) register(program)
  }
  program.addHelpText('after', '\nnext: pipewright init, or pipewright run <file> --help')
  return program
}

/** The exit code of what commander itself ended: help is no mistake. */
export function usageExitCode(error: unknown): number | undefined {
  if (!(error instanceof CommanderError)) return undefined
  return error.exitCode === 0 ? 0 : 2
}
