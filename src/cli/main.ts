#!/usr/bin/env node
import { packageVersion } from '../workspace/version.ts'
import { groupNamed } from './command-group.ts'
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
  const others = words.filter((word) => word !== '--json')
  // The option is one of commands that do something.
  const group = isJson ? groupNamed(program, others) : undefined
  if (group !== undefined) {
    group.outputHelp()
    process.exitCode = 2
  } else if (isJson && others.length === 1 && /^(?:-V|--version)$/.test(others[0]!))
    process.stdout.write(`${JSON.stringify({ version: packageVersion() }, null, 2)}\n`)
  else await program.parseAsync()
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
