import type { TracedApprove, TracedSignal, TracedSleep, TracedUntil } from '../define/graph.ts'
import type { PlanWait } from './document.ts'

/** What a plan says about a node that waits. */
export function compileWait(
  node: TracedSleep | TracedUntil | TracedSignal | TracedApprove,
  base: Pick<PlanWait, 'id' | 'after' | 'tags'>,
): PlanWait {
  switch (node.type) {
    case 'sleep':
      return Object.freeze({ type: 'sleep', ...base, for: node.for })
    case 'until':
      return Object.freeze({ type: 'until', ...base, at: node.at })
    case 'signal': {
      const { signal, payload, timeout, onTimeout } = node
      return Object.freeze({
        type: 'signal',
        ...base,
        signal,
        ...(payload === undefined ? {} : { payload: payload.declare() }),
        ...(timeout === undefined ? {} : { timeout }),
        onTimeout,
      })
    }
    case 'approve': {
      const { message, by, show, payload, timeout, onTimeout, onReject } = node
      return Object.freeze({
        type: 'approve',
        ...base,
        ...(message === undefined ? {} : { message }),
        ...(by === undefined ? {} : { by }),
        show,
        ...(payload === undefined ? {} : { payload: payload.declare() }),
        ...(timeout === undefined ? {} : { timeout }),
        onTimeout,
        onReject,
      })
    }
  }
}
