import { PipewrightError } from '../internal/error.ts'
import type { RunOutcome } from '../execute/run-request.ts'

/** One node that failed. */
export interface RunFailure {
  readonly node: string
  readonly message: string
  /** What the step threw. */
  readonly cause: unknown
}

/** The first line of a message; with the first of a list that it announces. */
function headline(message: string): string {
  const [first = '', second = ''] = message.split('\n')
  return first.endsWith(':') ? `${first} ${second.trim()}` : first
}

/** What the error of a step says to do, on one line. */
function fixOf(message: string): string | undefined {
  return message.split('\nFix: ').at(1)?.split('\n')[0]
}

/**
 * A run that did not succeed: thrown by `pw.run`, `pw.resume` and `handle.result()`.
 *
 * @example
 * ```ts
 * try {
 *   await pw.run(tumours, { csv: 'tumours.csv' })
 * } catch (error) {
 *   if (!(error instanceof RunFailedError)) throw error
 *   for (const { node, message } of error.failures) console.error(`${node}: ${message}`)
 *   console.error(`pipewright resume ${error.run}`)
 * }
 * ```
 */
export class RunFailedError extends PipewrightError {
  /** The run's id: `pipewright show <id>`, `pipewright resume <id>`. */
  readonly run: string
  readonly state: 'failed' | 'cancelled'
  readonly failures: readonly RunFailure[]

  constructor(
    run: string,
    pipeline: string,
    outcome: RunOutcome,
    fix = `mend the cause, then \`pipewright resume ${run}\` (what has succeeded is kept)`,
  ) {
    const failures = outcome.failures.map(({ node, error, cause }) => ({
      node,
      message: error.message,
      cause,
    }))
    const shown = failures.slice(0, 10)
    const lines = shown.flatMap(({ node, message }, at) => {
      const own = fixOf(message)
      // Items of a map often fail for one reason.
      const isLast = shown.findLastIndex((other) => fixOf(other.message) === own) === at
      const told = own !== undefined && isLast ? [`    Fix: ${own}`] : []
      return [`  ${node}: ${headline(message)}`, ...told]
    })
    if (failures.length > 10) lines.push(`  … and ${failures.length - 10} more`)
    const { error } = outcome
    const state = outcome.state === 'cancelled' ? 'cancelled' : 'failed'
    const known = PipewrightError.isInstance(error) ? error : undefined
    const head = known?.message.split('\n')[0] ?? `run ${run} of pipeline '${pipeline}' failed`
    super(known?.code ?? 'RUN_FAILED', [head, ...lines].join('\n'), {
      fix: known?.fix ?? fix,
      details: { run, pipeline, nodes: failures.map(({ node }) => node) },
      cause: error ?? failures[0]?.cause,
    })
    this.run = run
    this.state = state
    this.failures = failures
  }
}
