import { PipewrightError } from '../internal/error.ts'
import type { PlanNode } from '../plan/document.ts'

/** Without these the run cannot be recorded any more. */
export function isFatal(error: unknown): boolean {
  return (
    PipewrightError.isInstance(error) &&
    ['LEASE_LOST', 'STORE_FULL', 'STORE_READ_ONLY', 'WORKSPACE_CLOSED', 'WORKSPACE_CORRUPT'].includes(
      error.code,
    )
  )
}

/** A node whose process ended under it again and again. */
export function lostTooOften(node: string, interrupted: number): PipewrightError {
  return new PipewrightError(
    'STEP_INTERRUPTED',
    `'${node}' was lost with its process ${interrupted} times in a row`,
    {
      fix: 'look what ends the process (memory?), then resume the run',
    },
  )
}

/** An effect that may still be going on. */
export function stillRunning(node: string): PipewrightError {
  return new PipewrightError(
    'STEP_ABANDONED',
    `'${node}' is an effect whose abandoned attempt still runs: trying again could do it twice`,
    {
      fix: 'let the step react to ctx.signal, or raise its grace; then resume the run',
    },
  )
}

/** A map, branch or sub-pipeline in which something failed. */
export function containerError(
  node: string,
  failures: readonly { readonly node: string; readonly cause: unknown }[],
): Error {
  const inside = failures.filter(
    (failure) => failure.node.startsWith(`${node}/`) || failure.node.startsWith(`${node}[`),
  )
  const first = inside[0]
  return new PipewrightError(
    'STEP_FAILED',
    `${inside.length} failed inside '${node}'${first === undefined ? '' : `, the first is '${first.node}'`}`,
    {
      cause: first?.cause,
    },
  )
}

/** A node that a selection left out and the cache does not have; so do as many more. */
export function selectionGap(node: string, uncached: string | undefined, more = 0): PipewrightError {
  const why = uncached === undefined ? '' : ` (${uncached})`
  const others = more === 0 ? '' : `, nor ${more === 1 ? 'is one more node' : `are ${more} more nodes`}`
  return new PipewrightError(
    'SELECTION_GAP',
    `'${node}' was not selected and is not in the cache${why}${others}`,
    {
      fix: 'select it too (to: …), or run the whole pipeline once',
      details: { node },
    },
  )
}

/** A loop that asks for more rounds than it may have, or a recursion that goes deeper than it may. */
export function exhausted(path: string, limit: 'rounds' | 'depth', node: PlanNode): PipewrightError {
  if (limit === 'rounds' && node.type === 'loop') {
    return new PipewrightError(
      'LOOP_EXHAUSTED',
      `loop '${path}' asks for another round after ${node.maxRounds}, the most that it may have`,
      {
        fix: "raise maxRounds, or say onMaxRounds: 'stop' to go on with what the last round gave",
        details: { node: path },
      },
    )
  }
  const most = node.type === 'recurse' ? node.maxDepth : 0
  return new PipewrightError(
    'RECURSION_TOO_DEEP',
    `'${path}' is call ${most + 1} inside one another, of ${most} at most`,
    {
      fix: 'raise maxDepth; a recursion that never ends has no branch in which it stops',
      details: { node: path },
    },
  )
}
