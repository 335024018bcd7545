import type { PlanMap, PlanNode, PlanScope } from '../../plan/document.ts'
import { graphOfScope, sortScope } from '../../plan/graph.ts'
import { remaining } from './estimate.ts'
import type { NodeProgress, Running } from './node-progress.ts'
import type { RunProgress } from './run-progress.ts'

/** What takes longer than others did is never taken for done. */
const most = 0.95

/** How far one of a node's tries is, from 0 to 1: as it says, else by how long others took. */
function shareOf({ share, startedAt }: Running, { meanTime }: NodeProgress, now: number): number {
  if (share !== undefined) return share
  return meanTime === undefined || meanTime === 0 ? 0 : Math.min(most, (now - startedAt) / meanTime)
}

/**
 * How long a map will still take, in milliseconds: at the rate so far, where items that run count for the part that is
 * done, and never less than the one that runs longest. Undefined while too little is done to tell.
 */
export function mapTimeLeft(
  progress: RunProgress,
  node: PlanMap,
  path: string,
  now: number,
): number | undefined {
  const map = progress.nodes.get(path)
  if (map?.items === undefined || map.startedAt === undefined || map.endedCount > 0) return undefined
  const whole = map.items * Math.max(1, node.body.nodes.length)
  if (whole === 0) return undefined
  let done = 0
  let longest = 0
  for (const { id } of node.body.nodes) {
    const inner = progress.nodes.get(`${path}/${id}`)
    if (inner === undefined) continue
    done += inner.endedCount
    for (const one of inner.running.values()) {
      const share = shareOf(one, inner, now)
      done += share
      longest = Math.max(longest, remaining(now - one.startedAt, share) ?? 0)
    }
  }
  const atThisRate = remaining(now - map.startedAt, done / whole)
  return atThisRate === undefined ? undefined : Math.max(atThisRate, longest)
}

/** The order of a scope, which a picture asks for again and again. */
const orders = new WeakMap<PlanScope, Int32Array>()

function orderOf(scope: PlanScope): Int32Array {
  const order = orders.get(scope) ?? sortScope(scope)
  orders.set(scope, order)
  return order
}

/** What a scope still needs, in milliseconds. */
interface Need {
  /** Of what must come one after the other, the longest. */
  readonly path: number
  /** All of it but maps, as if one thing ran at a time. */
  readonly work: number
}

/** What is known of how long nodes take. */
interface Known {
  readonly progress: RunProgress
  readonly now: number
  /** What a node takes of which nothing is known; undefined while none has been executed. */
  readonly usual: number | undefined
}

/** What one node still needs; undefined where that cannot be told yet. */
function needOf(node: PlanNode, path: string, known: Known): Need | undefined {
  const { progress, now, usual } = known
  const one = progress.nodes.get(path)
  if (one === undefined || one.endedCount > 0) return { path: 0, work: 0 }
  if (node.type === 'pipeline') return scopeNeed(node.body, `${path}/`, known)
  if (node.type === 'map' && one.items !== undefined) {
    const left = mapTimeLeft(progress, node, path, now)
    // Its items take their turns among all that runs: the rate so far says what they get.
    return left === undefined ? undefined : { path: left, work: 0 }
  }
  const [running] = one.running.values()
  const spent = running === undefined ? 0 : now - running.startedAt
  const told = running?.share === undefined ? undefined : remaining(spent, running.share)
  const left = told ?? (usual === undefined ? undefined : Math.max(0, usual - spent))
  return left === undefined ? undefined : { path: left, work: left }
}

/** What the nodes of a scope still need together: each comes after those that it reads. */
function scopeNeed(scope: PlanScope, prefix: string, known: Known): Need | undefined {
  const { nodes, offsets, targets } = graphOfScope(scope)
  const before = new Float64Array(nodes.length)
  let [path, work] = [0, 0]
  for (const number of orderOf(scope)) {
    const node = nodes[number]!
    // A handler runs where something has failed, or takes no time worth telling.
    if (node.type === 'handler') continue
    const need = needOf(node, prefix + node.id, known)
    if (need === undefined) return undefined
    const end = before[number]! + need.path
    path = Math.max(path, end)
    work += need.work
    for (let e = offsets[number]!; e < offsets[number + 1]!; e++)
      before[targets[e]!] = Math.max(before[targets[e]!]!, end)
  }
  return { path, work }
}

/**
 * How long a run will still take, in milliseconds: as long as the longest way through what is to come, and no less than
 * all of it takes with as many at once as there have been. What is to come takes as long as what was executed did on
 * average. Undefined while too little is done to tell.
 */
export function runTimeLeft(progress: RunProgress, scope: PlanScope, now: number): number | undefined {
  let [count, time] = [0, 0]
  let goesOn = progress.running > 0
  const look = (inner: PlanScope, prefix: string): void => {
    for (const node of inner.nodes) {
      const path = prefix + node.id
      const one = progress.nodes.get(path)
      if (node.type === 'pipeline') look(node.body, `${path}/`)
      // Between two items nothing may run.
      goesOn ||= node.type === 'map' && one?.items !== undefined && one.endedCount === 0
      if (one === undefined || one.endedCount === 0) continue
      const took = node.type === 'map' ? one.finishedAt! - one.startedAt! : one.meanTime
      if (took !== undefined) [count, time] = [count + 1, time + took]
    }
  }
  look(scope, '')
  if (!goesOn) return undefined
  const need = scopeNeed(scope, '', { progress, now, usual: count === 0 ? undefined : time / count })
  if (need === undefined) return undefined
  const left = Math.max(need.path, need.work / Math.max(1, progress.mostAtOnce))
  return left === 0 ? undefined : left
}
