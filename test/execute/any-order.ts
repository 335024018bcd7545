import { bodiesOf, branchOf, hasBranches, isWait } from '../../src/plan/bodies.ts'
import type { PlanNode, PlanScope } from '../../src/plan/document.ts'
import { locate } from '../../src/plan/locate.ts'
import { itemName, planPath } from '../../src/plan/node-path.ts'
import type { Command, ReduceEvent } from '../../src/execute/reduce/command.ts'
import { reduce } from '../../src/execute/reduce/reduce.ts'
import { openRun, type ReducePolicy, type RunState } from '../../src/execute/reduce/state.ts'
import { chanceOf } from '../../src/testing/cluster/chance.ts'
import type { Draw } from '../../src/testing/cluster/draw.ts'
import type { ExecutablePlan } from '../../src/testing/cluster/random-plan.ts'

type Asked = Command & { readonly node: string }

/** What the world says when it is asked: it follows from the path, so that no order of questions changes it. */
export interface World {
  readonly seed: number
  /** So many of 100 steps fail for good. */
  readonly failing: number
  /** The run is cancelled after so many answers. */
  readonly cancelAfter?: number
  /** Answers come twice, and after the end. */
  readonly repeats?: boolean
}

/** What became of a run, in whatever order its answers came. */
export interface Ended {
  readonly state: RunState
  readonly finished: string | undefined
  /** By path: how each node has settled. */
  readonly settled: ReadonlyMap<string, string>
  readonly collected: ReadonlySet<string>
  readonly undone: readonly string[]
  readonly events: readonly ReduceEvent[]
}

function chance(world: World, node: string, what: string): number {
  return chanceOf(`${world.seed} ${node} ${what}`)
}

/**
 * Feeds the reducer the answers of a world, `pick` saying which comes next. Throws, with the events so far, where what
 * it asks for makes no sense.
 */
export function runInOrder(plan: ExecutablePlan, policy: ReducePolicy, world: World, pick: Draw): Ended {
  const events: ReduceEvent[] = []
  try {
    return run(plan, policy, world, pick, events)
  } catch (error) {
    const told = events.map((event) => JSON.stringify(event)).join('\n  ')
    throw new Error(`${(error as Error).message}\n  ${told}`, { cause: error })
  }
}

function run(
  plan: ExecutablePlan,
  policy: ReducePolicy,
  world: World,
  pick: Draw,
  events: ReduceEvent[],
): Ended {
  const state = openRun(plan, policy)
  const settled = new Map<string, string>()
  const collected = new Set<string>()
  const undone: string[] = []
  const outstanding = new Map<string, Asked>()
  const tried = new Map<string, number>()
  let finished: string | undefined
  let isAborted = false

  const settle = (node: string, as: string): void => {
    const before = settled.get(node)
    if (before !== undefined) throw new Error(`'${node}' is ${as}, and was ${before}`)
    settled.set(node, as)
  }
  const obey = (command: Command): void => {
    if (finished !== undefined) throw new Error(`after the end: ${JSON.stringify(command)}`)
    switch (command.type) {
      case 'finish':
        finished = command.state
        break
      case 'abort':
        isAborted = true
        break
      case 'settled':
        settle(command.node, command.state)
        break
      case 'collect':
      case 'drop':
        collected.add(`${command.type} ${command.node}[${command.item}]`)
        break
      case 'handle':
        collected.add(`handle ${command.node} ${command.outcome}`)
        break
      default: {
        const twin = outstanding.get(command.node)
        if (twin !== undefined)
          throw new Error(`'${command.node}': ${command.type}, and ${twin.type} is open`)
        const outcome = settled.get(command.node)
        if (outcome !== undefined && command.type !== 'undo')
          throw new Error(`'${command.node}': ${command.type}, and it has ${outcome}`)
        outstanding.set(command.node, command)
      }
    }
  }
  const feed = (event: ReduceEvent): void => {
    events.push(event)
    for (const command of reduce(state, event)) obey(command)
  }
  const feedAgain = (event: ReduceEvent): void => {
    const before = state.undoable.length
    const commands = reduce(state, event)
    if (commands.length > 0 || state.undoable.length !== before)
      throw new Error(`again: ${JSON.stringify(event)} leads to ${JSON.stringify(commands)}`)
  }
  const answer = (command: Asked): ReduceEvent => {
    const { node } = command
    const planned = locate(plan, planPath(node))!.node
    switch (command.type) {
      case 'expand': {
        const count = chance(world, node, 'count') % 4
        const keys = planned.type === 'map' && planned.key !== undefined
        return {
          type: 'map.expanded',
          node,
          count,
          ...(keys ? { keys: Array.from({ length: count }, (_, at) => `k/${at}`) } : {}),
        }
      }
      case 'decide':
        return { type: 'branch.decided', node, taken: takenOf(planned, chance(world, node, 'taken')) }
      case 'turn': {
        const { round } = command
        return { type: 'loop.turned', node, round, again: chance(world, node, `round ${round}`) % 3 !== 0 }
      }
      case 'exhausted':
        return { type: 'node.broken', node }
      case 'undo':
        return { type: 'node.undone', node }
      case 'gather':
        return { type: 'node.succeeded', node }
      default: {
        const isCleanup = 'cleanup' in command && command.cleanup
        const isNew = !tried.has(node)
        if (state.halted && !isCleanup && isNew && pick(2) === 1) return { type: 'node.withdrawn', node }
        if (isAborted && !isCleanup && pick(2) === 1)
          return { type: 'attempt.failed', node, end: 'cancelled' }
        tried.set(node, (tried.get(node) ?? 0) + 1)
        const isBad = chance(world, node, 'fails') % 100 < world.failing
        if (isWait(planned)) return { type: isBad ? 'node.broken' : 'node.succeeded', node }
        const { retry, undo } = plan.steps[(planned as PlanNode & { type: 'step' }).step]!
        const attempts = retry?.attempts ?? 1
        const tries = tried.get(node)!
        if (isBad && tries >= attempts) return { type: 'attempt.failed', node, end: 'failed' }
        if (isBad || (tries < attempts && chance(world, node, 'retried') % 3 === 0))
          return { type: 'attempt.failed', node, end: 'failed', retryIn: 10 }
        return { type: 'node.succeeded', node, ...(undo ? { undoable: true } : {}) }
      }
    }
  }

  feed({ type: 'start' })
  let isCancelled = false
  const isOpen = (): boolean => outstanding.size > 0 && finished === undefined
  for (let count = 0; isOpen(); count++) {
    if (count > 20_000) throw new Error('it does not end')
    if (count === world.cancelAfter) {
      isCancelled = true
      feed({ type: 'cancel' })
      if (finished !== undefined) break
    }
    const open = [...outstanding.values()]
    const command = open[pick(open.length)]!
    const event = answer(command)
    outstanding.delete(command.node)
    if (event.type === 'node.succeeded') settle(command.node, 'succeeded')
    if (event.type === 'node.undone') undone.push(command.node)
    if (event.type === 'node.withdrawn') settle(command.node, 'withdrawn')
    feed(event)
    if (world.repeats === true) {
      const earlier = events[pick(events.length)]!
      // An attempt that failed is told from the next one by its number, which is no matter of the reducer.
      const isRetry = earlier.type === 'attempt.failed' && earlier.retryIn !== undefined
      const isAsked = 'node' in earlier && outstanding.has(earlier.node)
      if (!isRetry && !isAsked && earlier.type !== 'start' && earlier.type !== 'cancel') feedAgain(earlier)
    }
  }
  if (finished === undefined) throw new Error('nothing is open, and the run has not ended')
  if (outstanding.size > 0)
    throw new Error(`the run has ended, open are ${[...outstanding.keys()].join(', ')}`)
  for (const event of events) feedAgain(event)
  if (!state.halted && !isCancelled) {
    const lost = expected(plan, plan.scope, '', events, settled).filter((node) => !settled.has(node))
    if (lost.length > 0) throw new Error(`lost: ${lost.join(', ')}`)
  }
  return { state, finished, settled, collected, undone, events }
}

function takenOf(node: PlanNode, luck: number): string {
  if (!hasBranches(node)) throw new Error(`'${node.id}' has no branches`)
  const names = bodiesOf(node).map(({ name }) => name!)
  return node.type === 'when' && node.else === undefined
    ? ['then', 'none'][luck % 2]!
    : names[luck % names.length]!
}

/** The nodes that must have settled where nothing kept them from starting. */
function expected(
  plan: ExecutablePlan,
  scope: PlanScope,
  prefix: string,
  events: readonly ReduceEvent[],
  settled: ReadonlyMap<string, string>,
): string[] {
  const inside = (node: PlanNode, path: string): string[] => {
    const state = settled.get(path)
    if (state === 'blocked' || state === undefined) return []
    const into = (body: PlanScope, at: string): string[] => expected(plan, body, at, events, settled)
    const of = <T extends ReduceEvent['type']>(type: T): (ReduceEvent & { type: T })[] =>
      events.filter(
        (event): event is ReduceEvent & { type: T } =>
          event.type === type && 'node' in event && event.node === path,
      )
    switch (node.type) {
      case 'map': {
        // One that more items of have failed than may leaves others out.
        if (state === 'failed' && node.maxFailed !== undefined) return []
        const [{ count, keys } = { count: 0, keys: undefined }] = of('map.expanded')
        return Array.from({ length: count }, (_, item) =>
          into(node.body, `${path}[${itemName(keys?.[item] ?? item)}]/`),
        ).flat()
      }
      case 'when':
      case 'choose':
        return of('branch.decided').flatMap(({ taken }) => {
          const body = branchOf(node, taken)
          return body === undefined ? [] : into(body, `${path}/${taken}/`)
        })
      case 'loop':
        return of('loop.turned').flatMap(({ round }) => into(node.body, `${path}[${round}]/`))
      case 'recurse': {
        const isBegun = [...settled.keys()].some((other) => other.startsWith(`${path}/`))
        return isBegun ? into(plan.pipelines![node.pipeline]!.scope, `${path}/`) : []
      }
      case 'pipeline':
      case 'handler':
        return into(node.body, `${path}/`)
      default:
        return []
    }
  }
  const hasFailed = scope.nodes.some(
    ({ type, id }) => type !== 'handler' && ['failed', 'blocked'].includes(settled.get(prefix + id)!),
  )
  return scope.nodes.flatMap((node) => {
    const path = prefix + node.id
    if (node.type === 'handler' && node.on === 'failure' && !hasFailed) return []
    return [path, ...inside(node, path)]
  })
}
