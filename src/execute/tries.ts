import type { StoredEvent } from '../record/event.ts'

/** How often a node has been tried. */
export interface Tries {
  /** Attempts that were started: the number of the next one is one more. */
  started: number
  /** Attempts that count against the retry policy. */
  used: number
  /** Attempts lost with their process, one after the other. */
  interrupted: number
  /** Attempts that ran out of memory. */
  outOfMemory: number
  /** An attempt without an end. */
  open: boolean
}

/** So many attempts in a row may be lost with their process. */
export const mostInterruptions = 5

/** A node that has not been tried. */
export function noTries(): Tries {
  return { started: 0, used: 0, interrupted: 0, outOfMemory: 0, open: false }
}

/** Folds one event of a run's history into the tries of its nodes. */
export function countTry(tries: Map<string, Tries>, { event }: StoredEvent): void {
  switch (event.type) {
    case 'attempt.started': {
      const node = tries.get(event.node) ?? noTries()
      tries.set(event.node, { ...node, started: event.attempt, open: true })
      break
    }
    case 'attempt.failed': {
      const node = tries.get(event.node) ?? noTries()
      const interrupted = event.end === 'interrupted' ? node.interrupted + 1 : 0
      const used = node.used + (event.end === 'failed' || event.end === 'timed-out' ? 1 : 0)
      // The start of a short attempt is not recorded by itself.
      const started = Math.max(node.started, event.attempt)
      const outOfMemory = node.outOfMemory + (event.error.code === 'STEP_OUT_OF_MEMORY' ? 1 : 0)
      tries.set(event.node, { started, used, interrupted, outOfMemory, open: false })
      break
    }
    case 'node.succeeded':
      tries.delete(event.node)
      break
    case 'node.failed':
    case 'node.cancelled': {
      // A resume gives what has failed fresh attempts; their numbers go on.
      const node = tries.get(event.node)
      if (node !== undefined) tries.set(event.node, { ...node, used: 0, interrupted: 0, open: false })
      break
    }
    default:
  }
}
