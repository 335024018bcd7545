#!/usr/bin/env node
import { ownOutput } from './own-output.ts'
import { heedClosedPipes, printed } from './pipes.ts'
import { buildProgram } from './program.ts'
import { helpExitCode, usageError } from './usage-error.ts'

const words = process.argv.slice(2)
const isJson = words.includes('--json')
if (isJson || words[0] === 'complete') ownOutput()
heedClosedPipes(() => words[0] === 'run' || words[0] === 'resume')
const program = buildProgram(isJson)
try {
  // The option is one of commands: without a command the help is what there is to tell.
  if (isJson && words.length === 1) {
    program.outputHelp()
    process.exitCode = 2
  } else await program.parseAsync()
} catch (error) {
  process.exitCode =
    helpExitCode(error) ??
    (await (
      await import('./report-error.ts')
    ).reportError(usageError(error, program, words) ?? error, isJson))
}
await printed()
// A step that was given up, or a handle that it has left open, must not keep the command.
process.exit()
