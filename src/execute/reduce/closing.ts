import type { Command } from './command.ts'
import type { Frame } from './locate.ts'
import { advanceMap, isHalted, isLost, outcomeOf, start, startHandlers } from './opening.ts'
import {
  isGood,
  nodeOf,
  shardOf,
  shardSize,
  status,
  type MapState,
  type RunState,
  type ScopeState,
  type Status,
} from './state.ts'

/** Fails the node that the frames lead to; what may not fail halts the run where its policy says so. */
export function fail(run: RunState, frames: readonly Frame[], commands: Command[]): void {
  const { scope, path } = frames.at(-1)!
  commands.push({ type: 'settled', node: path, state: 'failed' })
  const isTolerated = frames
    .slice(0, -1)
    .some(({ scope: around, number }) => mapAt(around, number)?.node.maxFailed !== undefined)
  if (run.policy.failure === 'stop' && !isTolerated && !scope.cleanup)
    halt(run, run.policy.failFast, commands)
  settle(run, frames, status.failed, commands)
}

function mapAt(scope: ScopeState, number: number): MapState | undefined {
  const child = scope.children.get(number)
  return child?.type === 'map' ? child : undefined
}

/** Keeps everything new from starting. */
export function halt(run: RunState, abort: boolean, commands: Command[]): void {
  run.halted = true
  if (abort) commands.push({ type: 'abort' })
}

/** All that is to be done in a scope is done, but for its handlers. */
function isDone(run: RunState, scope: ScopeState): boolean {
  return scope.running === 0 && (scope.open === 0 || isHalted(run, scope))
}

/** All that is to be done in a scope is done; its handlers are begun where that is the next thing to do. */
function isOver(run: RunState, scope: ScopeState, prefix: string, commands: Command[]): boolean {
  return isDone(run, scope) && !startHandlers(run, scope, prefix, commands)
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
    if (waiting[at] !== -1) scope.open--
    if (outcome === status.failed) scope.failed++
    else if (outcome === status.cancelled) scope.cancelled++
    else if (outcome === status.blocked) scope.blocked++
    for (let e = graph.offsets[at]!; e < graph.offsets[at + 1]!; e++) {
      const target = graph.targets[e]!
      if (!isGood(outcome) && !spoiltBy.has(target)) spoiltBy.set(target, at)
      // One may have been taken from another run, before what it reads is made anew here.
      if (--waiting[target]! > 0 || scope.status[target] !== status.pending) continue
      const by = spoiltBy.get(target)
      if (by === undefined) start(run, scope, target, prefix, commands)
      else if (!isHalted(run, scope)) {
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

/** What stands before the ids of the scope that a frame is in. */
function prefixOf({ scope, number, path }: Frame): string {
  return path.slice(0, path.length - nodeOf(scope, number).id.length)
}

/** Settles the node that the frames lead to, and whatever containers are done with it, up to the run. */
export function settle(run: RunState, frames: readonly Frame[], value: Status, commands: Command[]): void {
  const frame = frames.at(-1)!
  mark(run, frame.scope, frame.number, value, prefixOf(frame), commands)
  leave(run, frames, commands)
}

/** Tells whether the node that the frames lead to has not settled. */
export function isOpen(frames: readonly Frame[]): boolean {
  const { scope, number } = frames.at(-1)!
  return scope.status[number] === status.running || scope.status[number] === status.pending
}

/** Goes on with whatever holds the scope of a node, when that scope is done. */
function leave(run: RunState, frames: readonly Frame[], commands: Command[]): void {
  if (frames.length === 1) closeRun(run, commands)
  else closeContainers(run, frames.slice(0, -1), commands)
}

/** Looks whether the container that the frames lead to is done, and settles it if it is. */
export function closeContainers(run: RunState, frames: readonly Frame[], commands: Command[]): void {
  const { scope, number, path, item } = frames.at(-1)!
  const child = scope.children.get(number)
  if (child === undefined) return
  if (child.type === 'map') {
    if (item !== -1) settleItem(run, child, item, path, commands)
    const isAllThere = child.settled === child.count
    if (child.openItems > 0 || !(isAllThere || isLost(child) || isHalted(run, child.surroundings))) return
    const failed = isLost(child) || child.node.maxFailed === undefined ? child.failed : 0
    conclude(run, frames, isAllThere, failed, child.cancelled, commands)
    return
  }
  // Only pipelines have handlers, and no branches.
  if (!isOver(run, child.scope, `${path}/`, commands)) return
  const { open, failed, blocked, cancelled } = child.scope
  const isGoodRound = child.type === 'loop' && failed + blocked + cancelled + open === 0
  if (isGoodRound) commands.push({ type: 'turn', node: path, round: child.round })
  else conclude(run, frames, open === 0, failed + blocked, cancelled, commands)
}

/** Ends a container: gathered when all is well, held back when the run was halted before it could end. */
function conclude(
  run: RunState,
  frames: readonly Frame[],
  complete: boolean,
  failed: number,
  cancelled: number,
  commands: Command[],
): void {
  const { scope, number, path } = frames.at(-1)!
  if (failed > 0) fail(run, frames, commands)
  else if (cancelled > 0) {
    commands.push({ type: 'settled', node: path, state: 'cancelled' })
    settle(run, frames, status.cancelled, commands)
  } else if (complete) {
    const child = scope.children.get(number)
    const branch = child?.type === 'scope' && child.branch !== undefined ? { branch: child.branch } : {}
    commands.push({ type: 'gather', node: path, ...branch })
  } else holdBack(run, frames, commands)
}

/** Puts a node that was to run back to where it has not been started. */
export function holdBack(run: RunState, frames: readonly Frame[], commands: Command[]): void {
  const { scope, number } = frames.at(-1)!
  if (scope.status[number] !== status.running) return
  scope.status[number] = status.pending
  scope.running--
  scope.children.delete(number)
  leave(run, frames, commands)
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
    if (map.node.maxFailed !== undefined) commands.push({ type: 'drop', node: path, item })
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

/** Ends the run when all of it is done: what has failed is undone first, then its handlers run. */
export function closeRun(run: RunState, commands: Command[]): void {
  const { root } = run
  if (run.finished || !isDone(run, root)) return
  if (outcomeOf(run, root) === 'failed' && root.handling === 0 && undoNext(run, commands)) return
  if (startHandlers(run, root, '', commands)) return
  run.finished = true
  commands.push({ type: 'finish', state: outcomeOf(run, root) })
}

/** Takes the latest effect back that is left; false where none is. */
function undoNext(run: RunState, commands: Command[]): boolean {
  const node = run.undoable.at(-1)
  if (node === undefined) return false
  run.undoing = true
  commands.push({ type: 'undo', node })
  return true
}
