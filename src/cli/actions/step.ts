import { spawn } from 'node:child_process'
import { errorRecord } from '../../execute/error-record.ts'
import { numberText, printable } from '../../ui/text.ts'
import type { RepeatedStep } from '../../workspace/step-again.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting } from '../project.ts'
import { shellWord } from '../shell-word.ts'
import { valueText } from '../value-text.ts'
import { showingEnvironments } from '../views/environment-view.ts'

/** What `pipewright step` is given. */
export interface StepArguments {
  readonly inspect?: boolean
  readonly effect?: boolean
  readonly json?: boolean
}

/** Set in the process that a debugger looks into: the one that has started it is told by `--inspect`. */
const inspected = 'PIPEWRIGHT_INSPECTED'

/** Does all of this again in a process that waits for a debugger before it begins. */
function underDebugger(): Promise<void> {
  const child = spawn(process.execPath, ['--inspect-brk', ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [inspected]: '1' },
  })
  // A terminal tells both of Ctrl-C; what ends this process alone is passed on.
  const end = (): void => void child.kill()
  process.once('SIGTERM', end)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      process.off('SIGTERM', end)
      process.exitCode = code ?? 130
      resolve()
    })
  })
}

/** `pipewright step`. */
export async function stepCommand(
  run: string,
  node: string,
  { inspect = false, effect = false, json = false }: StepArguments,
): Promise<void> {
  if (inspect && process.env[inspected] === undefined) return underDebugger()
  await using pw = await openExisting()
  const { id } = await pw.show(run)
  const repeated = await showingEnvironments(pw, { json }, () =>
    pw.repeatStep(id, node, {
      effect,
      pause: inspect,
      onLog: (level, message) => void process.stderr.write(`${level} ${printable(message)}\n`),
    }),
  )
  if (repeated.error !== undefined) process.exitCode = 1
  if (json) {
    const { metrics: _metrics, bytes: _bytes, error, ...document } = repeated
    return printJson({ ...document, error: error === undefined ? null : errorRecord(error) })
  }
  await printRepeated(repeated)
  await printNext(
    inspect
      ? `pipewright rerun ${id} --from ${shellWord(node)}`
      : `pipewright step ${id} ${shellWord(node)} --inspect`,
  )
}

async function printRepeated(repeated: RepeatedStep): Promise<void> {
  const { inputs, outputs, differences, error, metrics } = repeated
  for (const [name, value] of Object.entries(inputs))
    print(`input ${printable(name)}: ${await valueText(repeated, value)}`)
  for (const [name, value] of Object.entries(outputs))
    print(`output ${printable(name)}: ${await valueText(repeated, value)}`)
  for (const [name, { last }] of Object.entries(metrics))
    print(`metric ${printable(name)}: ${numberText(last)}`)
  if (error !== undefined) return print(`threw ${printable(stackOf(error))}`)
  if (differences === null) return print('nothing is recorded to compare with: the step had not succeeded')
  if (differences.length === 0) return print('the outputs are those that are recorded')
  print('the outputs differ from those that are recorded:')
  for (const { output, difference } of differences)
    print(`  ${printable(output ?? '')}: ${printable(difference)}`)
}

function stackOf(error: unknown): string {
  return (error instanceof Error ? error.stack : undefined) ?? String(error)
}
