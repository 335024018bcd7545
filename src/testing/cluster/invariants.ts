import { canonicalJson } from '../../internal/canonical.ts'
import type { Json } from '../../internal/json.ts'
import { locate } from '../../plan/locate.ts'
import { planPath } from '../../plan/node-path.ts'
import type { StoredEvent } from '../../record/event.ts'
import type { ClusterHistory } from './cluster.ts'
import type { ExecutablePlan } from './random-plan.ts'

const ends: Readonly<Record<string, string>> = {
  'node.succeeded': 'succeeded',
  'node.failed': 'failed',
  'node.blocked': 'blocked',
  'node.skipped': 'skipped',
  'node.cancelled': 'cancelled',
}

/** How each node has settled at last. */
export function statesOf(events: readonly StoredEvent[]): ReadonlyMap<string, string> {
  const states = new Map<string, string>()
  for (const { event } of events) {
    const state = ends[event.type]
    if (state !== undefined && 'node' in event) states.set(event.node, state)
  }
  return states
}

/** Tells whether a node is a handler or inside of one: what handlers did is done again when a failed run goes on. */
export function isInHandler(plan: ExecutablePlan, path: string): boolean {
  const found = locate(plan, planPath(path))
  if (found === undefined) return false
  return found.node.type === 'handler' || found.frames.some(({ node }) => node?.type === 'handler')
}

/**
 * Tells of the nodes of a run which settle the same in any order: a map that has failed by more items than may leaves
 * out whichever of them come last.
 */
export function isFixed(
  plan: ExecutablePlan,
  states: ReadonlyMap<string, string>,
): (path: string) => boolean {
  const early = [...states]
    .filter(([path, state]) => {
      const node = locate(plan, planPath(path))?.node
      return state === 'failed' && node?.type === 'map' && node.maxFailed !== undefined
    })
    .map(([path]) => `${path}[`)
  return (path) => !early.some((map) => path.includes(map))
}

/** The paths of what a node is inside of, and its own. */
function around(path: string): string[] {
  const ends = [...path.matchAll(/[/[]/g)].map(({ index }) => index)
  return [...ends.map((end) => path.slice(0, end)), path]
}

/** What one history breaks, whatever it is of. */
export function brokenIn(plan: ExecutablePlan, { events, fences }: ClusterHistory): string[] {
  const broken: string[] = []
  const results = new Map<string, number>()
  const attempts = new Set<string>()
  const undone = new Set<string>()
  let fence = 0
  for (const [at, { event }] of events.entries()) {
    const own = fences[at]!
    if (own > 0 && own < fence)
      broken.push(`event ${at + 1} was written under ${own}, after one under ${fence}`)
    fence = Math.max(fence, own)
    if (events[at - 1]?.event.type === 'run.finished') broken.push(`event ${at + 1} comes after the end`)
    if (event.type === 'attempt.started' && !isInHandler(plan, event.node)) {
      const over = around(event.node).find((path) => results.has(path))
      if (over !== undefined) broken.push(`'${event.node}' was begun when '${over}' had a result`)
    }
    if (event.type === 'node.undone') {
      if (undone.has(event.node)) broken.push(`'${event.node}' was taken back twice`)
      undone.add(event.node)
    }
    if (event.type !== 'node.succeeded' && event.type !== 'attempt.failed') continue
    if (event.attempt > 0) {
      const attempt = `attempt ${event.attempt} of '${event.node}'`
      if (attempts.has(attempt)) broken.push(`${attempt} has two results`)
      attempts.add(attempt)
    }
    if (event.type === 'node.succeeded' && !isInHandler(plan, event.node))
      results.set(event.node, (results.get(event.node) ?? 0) + 1)
  }
  for (const [node, count] of results) if (count > 1) broken.push(`'${node}' has ${count} results`)
  return broken
}

/** What of a history is not as in one where nothing went wrong. */
export function differences(
  plan: ExecutablePlan,
  history: ClusterHistory,
  calm: ClusterHistory,
  policy: { readonly failure: 'stop' | 'continue' },
): string[] {
  if (history.events.some(({ event }) => event.type === 'run.cancel-requested')) return []
  const found: string[] = []
  const [end, expected] = [history.end, calm.end]
  if (end?.state !== expected?.state)
    found.push(`the run has ${end?.state ?? 'no end'}, undisturbed it has ${expected?.state ?? 'none'}`)
  const text = (outputs: unknown): string => canonicalJson((outputs ?? null) as Json)
  if (text(end?.outputs) !== text(expected?.outputs))
    found.push(`its outputs are ${text(end?.outputs)}, undisturbed ${text(expected?.outputs)}`)
  if (policy.failure === 'stop' && expected?.state !== 'succeeded') return found
  const [states, others] = [statesOf(history.events), statesOf(calm.events)]
  const counts = isFixed(plan, others)
  for (const node of new Set([...states.keys(), ...others.keys()]))
    if (counts(node) && states.get(node) !== others.get(node))
      found.push(`'${node}' is ${states.get(node) ?? 'open'}, undisturbed ${others.get(node) ?? 'open'}`)
  return found
}
