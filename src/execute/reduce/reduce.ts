import type { Command, ReduceEvent } from './command.ts'
import { locate, type Frame } from './locate.ts'
import {
  isGood,
  nodeOf,
  openMap,
  openScope,
  shardOf,
  shardSize,
  status,
  type ChildState,
  type MapState,
  type RunState,
  type ScopeState,
  type Status,
} from './state.ts'

/**
 * The interpreter of plans: takes an event, changes the state in place and says what is to be done.
 *
 * It knows nothing of Node, time, stores or code; every orchestrator feeds it events through its own recorded
 * primitive and executes the commands, so that all of them schedule alike. Replaying a run's events yields
 * the state that the run had.
 */
export function reduce(run: RunState, event: ReduceEvent): Command[] {
  const commands: Command[] = []
  if (run.finished) return commands
  switch (event.type) {
    case 'start':
      startReady(run, run.root, '', commands)
      if (isDone(run, run.root)) finish(run, commands)
      break
    case 'map.expanded': {
      const frames = locate(run, event.node)
      const { scope, number } = frames.at(-1)!
      const node = nodeOf(scope, number)
      if (node.type !== 'map') break
      const map = openMap(node, event.count, run.policy)
      scope.children.set(number, map)
      advanceMap(run, map, event.node, commands)
      closeContainers(run, frames, commands)
      break
    }
    case 'branch.decided': {
      const frames = locate(run, event.node)
      const { scope, number } = frames.at(-1)!
      const node = nodeOf(scope, number)
      if (node.type !== 'when') break
      const body = event.taken === 'none' ? undefined : node[event.taken]
      if (event.taken === 'none' || body === undefined) {
        commands.push({ type: 'settled', node: event.node, state: 'skipped' })
        settle(run, frames, status.skipped, commands)
        break
      }
      enter(
        run,
        scope,
        number,
        { type: 'scope', branch: event.taken, scope: openScope(body) },
        `${event.node}/${event.taken}/`,
        commands,
      )
      closeContainers(run, frames, commands)
      break
    }
    case 'node.succeeded':
      settle(run, locate(run, event.node), status.succeeded, commands)
      break
    case 'attempt.failed':
      attemptFailed(run, event, commands)
      break
    case 'node.broken':
      fail(run, event.node, commands)
      break
    case 'node.withdrawn':
      holdBack(run, locate(run, event.node), commands)
      break
    case 'cancel':
      run.cancelling = true
      halt(run, true, commands)
      break
  }
  return commands
}

function attemptFailed(
  run: RunState,
  event: ReduceEvent & { type: 'attempt.failed' },
  commands: Command[],
): void {
  const { node, retryIn } = event
  if (run.cancelling || event.end === 'cancelled') {
    commands.push({ type: 'settled', node, state: 'cancelled' })
    settle(run, locate(run, node), status.cancelled, commands)
  } else if (retryIn !== undefined) commands.push({ type: 'execute', node, after: retryIn })
  else fail(run, node, commands)
}

function fail(run: RunState, node: string, commands: Command[]): void {
  commands.push({ type: 'settled', node, state: 'failed' })
  if (run.policy.failure === 'stop') halt(run, run.policy.failFast, commands)
  settle(run, locate(run, node), status.failed, commands)
}

function halt(run: RunState, abort: boolean, commands: Command[]): void {
  run.halted = true
  if (abort) commands.push({ type: 'abort' })
}

function isDone(run: RunState, scope: ScopeState): boolean {
  return scope.running === 0 && (scope.open === 0 || run.halted)
}

/** Starts every node that waits for nothing; a fresh scope is begun with it. */
function startReady(run: RunState, scope: ScopeState, prefix: string, commands: Command[]): void {
  for (let number = 0; number < scope.waiting.length; number++) {
    if (scope.waiting[number] === 0 && scope.status[number] === status.pending)
      start(run, scope, number, prefix, commands)
  }
}

function start(run: RunState, scope: ScopeState, number: number, prefix: string, commands: Command[]): void {
  if (run.halted) return
  const node = nodeOf(scope, number)
  const path = prefix + node.id
  scope.status[number] = status.running
  scope.running++
  switch (node.type) {
    case 'step':
      commands.push({ type: 'execute', node: path, after: 0 })
      break
    case 'map':
      commands.push({ type: 'expand', node: path })
      break
    case 'when':
      commands.push({ type: 'decide', node: path })
      break
    case 'pipeline':
      enter(
        run,
        scope,
        number,
        { type: 'scope', branch: undefined, scope: openScope(node.body) },
        `${path}/`,
        commands,
      )
      if (node.body.nodes.length === 0) commands.push({ type: 'gather', node: path })
      break
  }
}

function enter(
  run: RunState,
  scope: ScopeState,
  number: number,
  child: ChildState & { type: 'scope' },
  prefix: string,
  commands: Command[],
): void {
  scope.children.set(number, child)
  startReady(run, child.scope, prefix, commands)
}

/** Marks a node as settled and lets its dependents start or be blocked; iterative, for chains of any length. */
function mark(
  run: RunState,
  scope: ScopeState,
  number: number,
  value: Status,
  prefix: string,
  commands: Command[],
): void {
  const { graph, waiting, spoiltBy } = scope
  const settled = [number]
  const values = [value]
  for (let at = settled.pop(); at !== undefined; at = settled.pop()) {
    const outcome = values.pop()!
    if (scope.status[at] === status.running) scope.running--
    scope.status[at] = outcome
    scope.children.delete(at)
    scope.open--
    if (outcome === status.failed) scope.failed++
    else if (outcome === status.cancelled) scope.cancelled++
    else if (outcome === status.blocked) scope.blocked++
    for (let e = graph.offsets[at]!; e < graph.offsets[at + 1]!; e++) {
      const target = graph.targets[e]!
      if (!isGood(outcome) && !spoiltBy.has(target)) spoiltBy.set(target, at)
      if (--waiting[target]! > 0) continue
      const by = spoiltBy.get(target)
      if (by === undefined) start(run, scope, target, prefix, commands)
      else if (!run.halted) {
        commands.push({
          type: 'settled',
          node: prefix + nodeOf(scope, target).id,
          state: 'blocked',
          by: prefix + nodeOf(scope, by).id,
        })
        settled.push(target)
        values.push(status.blocked)
      }
    }
  }
}

/** Settles the node that the frames lead to, and whatever containers are done with it, up to the run. */
function settle(run: RunState, frames: Frame[], value: Status, commands: Command[]): void {
  const { scope, number, path } = frames.at(-1)!
  const current = scope.status[number] as Status
  if (current !== status.running && current !== status.pending) return
  const prefix = path.slice(0, path.length - nodeOf(scope, number).id.length)
  mark(run, scope, number, value, prefix, commands)
  leave(run, frames, commands)
}

/** Looks whether the container that the frames lead to is done, and settles it if it is. */
function closeContainers(run: RunState, frames: Frame[], commands: Command[]): void {
  const { scope, number, path, item } = frames.at(-1)!
  const child = scope.children.get(number)
  if (child === undefined) return
  if (child.type === 'map') {
    if (item !== -1) settleItem(run, child, item, path, commands)
    if (child.openItems > 0 || (child.settled < child.count && !run.halted)) return
    conclude(run, frames, child.settled === child.count, child.failed, child.cancelled, commands)
  } else if (isDone(run, child.scope)) {
    const { open, failed, blocked, cancelled } = child.scope
    conclude(run, frames, open === 0, failed + blocked, cancelled, commands)
  }
}

/** Ends a container: gathered when all is well, held back when the run was halted before it could end. */
function conclude(
  run: RunState,
  frames: Frame[],
  complete: boolean,
  failed: number,
  cancelled: number,
  commands: Command[],
): void {
  const { scope, number, path } = frames.at(-1)!
  if (failed > 0) {
    commands.push({ type: 'settled', node: path, state: 'failed' })
    settle(run, frames, status.failed, commands)
  } else if (cancelled > 0) {
    commands.push({ type: 'settled', node: path, state: 'cancelled' })
    settle(run, frames, status.cancelled, commands)
  } else if (complete) {
    const child = scope.children.get(number)
    const branch = child?.type === 'scope' && child.branch !== undefined ? { branch: child.branch } : {}
    commands.push({ type: 'gather', node: path, ...branch })
  } else holdBack(run, frames, commands)
}

/** Puts a node that was to run back to where it has not been started. */
function holdBack(run: RunState, frames: Frame[], commands: Command[]): void {
  const { scope, number } = frames.at(-1)!
  if (scope.status[number] !== status.running) return
  scope.status[number] = status.pending
  scope.running--
  scope.children.delete(number)
  leave(run, frames, commands)
}

/** Goes on with whatever holds the scope of a node, when that scope is done. */
function leave(run: RunState, frames: Frame[], commands: Command[]): void {
  if (!isDone(run, frames.at(-1)!.scope)) return
  if (frames.length === 1) finish(run, commands)
  else closeContainers(run, frames.slice(0, -1), commands)
}

function settleItem(run: RunState, map: MapState, item: number, path: string, commands: Command[]): void {
  const shard = shardOf(map, item)
  const scope = shard.items.get(item)
  if (scope === undefined || !isDone(run, scope)) return
  shard.items.delete(item)
  map.openItems--
  const at = item % shardSize
  if (scope.failed + scope.blocked > 0) {
    shard.status[at] = status.failed
    map.failed++
    map.settled++
  } else if (scope.cancelled > 0) {
    shard.status[at] = status.cancelled
    map.cancelled++
    map.settled++
  } else if (scope.open === 0) {
    shard.status[at] = status.succeeded
    map.settled++
    commands.push({ type: 'collect', node: path, item })
  } else shard.status[at] = status.pending
  advanceMap(run, map, path, commands)
}

/** Opens items while the window has room. */
function advanceMap(run: RunState, map: MapState, path: string, commands: Command[]): void {
  while (!run.halted && map.openItems < map.window && map.next < map.count) {
    const item = map.next++
    const shard = shardOf(map, item)
    const at = item % shardSize
    if (shard.status[at] !== status.pending) continue
    if (map.node.body.nodes.length === 0) {
      shard.status[at] = status.succeeded
      map.settled++
      commands.push({ type: 'collect', node: path, item })
      continue
    }
    const scope = openScope(map.node.body)
    shard.status[at] = status.running
    shard.items.set(item, scope)
    map.openItems++
    startReady(run, scope, `${path}[${item}]/`, commands)
  }
}

function finish(run: RunState, commands: Command[]): void {
  const { root } = run
  run.finished = true
  const bad = root.failed + root.blocked
  const state =
    bad === 0 && root.open === 0 && root.cancelled === 0
      ? 'succeeded'
      : run.cancelling && root.open + root.cancelled > 0
        ? 'cancelled'
        : 'failed'
  commands.push({ type: 'finish', state })
}
