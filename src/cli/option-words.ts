import { runnerNames } from '../define/step.ts'

/** The states that a run may be in. */
export const runStates = ['running', 'waiting', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const
/** How progress may be shown. */
export const progressWays = ['auto', 'live', 'plain', 'none'] as const
/** What happens to a run when a step has failed. */
export const failurePolicies = ['stop', 'continue'] as const
/** How the cache may be used otherwise than usual. */
export const cacheModes = ['refresh', 'readonly', 'off'] as const
/** How important a line of a log is, from the least. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const
/** The forms of a graph. */
export const graphFormats = ['tree', 'mermaid', 'dot', 'json'] as const
/** What runs the test of a new project. */
export const testRunners = ['node', 'vitest'] as const

/** The words that an option takes, for those that take no others. */
export const optionWords: Readonly<Record<string, readonly string[]>> = {
  '--state': runStates,
  '--progress': progressWays,
  '--failure': failurePolicies,
  '--cache': cacheModes,
  '--level': logLevels,
  '--format': graphFormats,
  '--test': testRunners,
  '--runner': runnerNames,
}
