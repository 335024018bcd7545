import type { PlanMap, PlanScope } from '../../plan/document.ts'
import { bodiesOf } from '../../plan/bodies.ts'
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

/**
 * How long a run will still take, in milliseconds: what runs beside one another takes as long as the longest, what is
 * to come as long as what was executed did on average. Undefined while too little is done to tell.
 */
export function runTimeLeft(progress: RunProgress, scope: PlanScope, now: number): number | undefined {
  let longest = 0
  let toCome = 0
  let isRunning = false
  /** By what runs and does not tell how far it is. */
  let spent = 0
  let [known, time] = [0, 0]
  const visit = (inner: PlanScope, prefix: string): void => {
    for (const node of inner.nodes) {
      const path = prefix + node.id
      const one = progress.nodes.get(path)
      if (one === undefined) continue
      if (one.endedCount > 0) {
        const took = node.type === 'map' ? one.finishedAt! - one.startedAt! : one.meanTime
        if (took !== undefined) [known, time] = [known + 1, time + took]
        continue
      }
      if (node.type === 'map' && one.items !== undefined) {
        isRunning = true
        const left = mapTimeLeft(progress, node, path, now)
        if (left === undefined) toCome++
        else longest = Math.max(longest, left)
        continue
      }
      if (node.type === 'pipeline') {
        for (const each of bodiesOf(node)) visit(each.scope, `${path}/`)
        continue
      }
      const [running] = one.running.values()
      isRunning ||= running !== undefined
      const left =
        running?.share === undefined ? undefined : remaining(now - running.startedAt, running.share)
      if (left !== undefined) longest = Math.max(longest, left)
      else {
        toCome++
        spent += running === undefined ? 0 : now - running.startedAt
      }
    }
  }
  visit(scope, '')
  if (!isRunning || (toCome > 0 && known === 0)) return undefined
  const left = longest + (known === 0 ? 0 : Math.max(0, (toCome * time) / known - spent))
  return left === 0 ? undefined : left
}
