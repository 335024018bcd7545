import { Command, type Argument } from 'commander'
import { packageVersion } from '../workspace/version.ts'
import { commandDocument } from './command-document.ts'
import { commandGroups } from './commands/index.ts'

function argumentText(argument: Argument): string {
  return argument.required ? `<${argument.name()}>` : `[${argument.name()}]`
}

/** The command line, as commander parses it; help is text, or a document of JSON. */
export function buildProgram(isJson = false): Command {
  const program = new Command('pipewright')
    .description('Typed pipelines with a cache that is right, resume, and lineage')
    .version(packageVersion())
    // Before the commands: they inherit it.
    .exitOverride()
    // What is wrong is told like any other error.
    .configureOutput({ outputError: () => undefined })
    .configureHelp({
      // What options there are is in the help of the command.
      subcommandTerm: (command) =>
        [command.name(), ...command.registeredArguments.map(argumentText)].join(' '),
      ...(isJson
        ? { formatHelp: (command) => `${JSON.stringify(commandDocument(command), null, 2)}\n` }
        : {}),
    })
    .helpCommand(false)
  for (const { title, commands } of commandGroups) {
    program.commandsGroup(title)
    for (const register of commands) register(program)
  }
  if (!isJson) program.addHelpText('after', '\nnext: pipewright init, or pipewright run <file> --help')
  return program
}
