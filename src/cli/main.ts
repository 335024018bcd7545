#!/usr/bin/env node
import { heedClosedPipes, printed } from './pipes.ts'
import { buildProgram, usageExitCode } from './program.ts'

const [command] = process.argv.slice(2)
heedClosedPipes(() => command === 'run' || command === 'resume')
try {
  await buildProgram().parseAsync()
} catch (error) {
  const usage = usageExitCode(error)
  process.exitCode =
    usage ?? (await (await import('./report-error.ts')).reportError(error, process.argv.includes('--json')))
}
await printed()
// A step that was given up, or a handle that it has left open, must not keep the command.
process.exit()
