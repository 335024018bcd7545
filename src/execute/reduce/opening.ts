import { isWait } from '../../plan/bodies.ts'
import type { PlanHandler } from '../../plan/document.ts'
import type { Command, ScopeOutcome } from './command.ts'
import {
  itemPrefix,
  nodeOf,
  openScope,
  shardOf,
  shardSize,
  status,
  type ChildState,
  type LoopState,
  type MapState,
  type RunState,
  type ScopeState,
} from './state.ts'

/** Nothing new starts in a scope any more. */
export function isHalted(run: RunState, { cleanup }: Pick<ScopeState, 'cleanup'>): boolean {
  return run.halted && !cleanup
}

/** Starts every node that waits for nothing; a fresh scope is begun with it. */
export function startReady(run: RunState, scope: ScopeState, prefix: string, commands: Command[]): void {
  for (let number = 0; number < scope.waiting.length; number++) {
    if (scope.waiting[number] === 0 && scope.status[number] === status.pending)
      start(run, scope, number, prefix, commands)
  }
}

/** Starts a node whose sources have all ended well. */
export function start(
  run: RunState,
  scope: ScopeState,
  number: number,
  prefix: string,
  commands: Command[],
): void {
  if (isHalted(run, scope)) return
  const node = nodeOf(scope, number)
  const path = prefix + node.id
  scope.status[number] = status.running
  scope.running++
  const cleanup = scope.cleanup ? { cleanup: true as const } : {}
  if (isWait(node)) {
    commands.push({ type: 'wait', node: path, ...cleanup })
    return
  }
  switch (node.type) {
    case 'step':
      commands.push({ type: 'execute', node: path, after: 0, ...cleanup })
      break
    case 'map':
      commands.push({ type: 'expand', node: path })
      break
    case 'when':
    case 'choose':
      commands.push({ type: 'decide', node: path })
      break
    case 'loop':
      beginRound(
        run,
        scope,
        number,
        { type: 'loop', node, round: 0, scope: openScope(node.body, scope) },
        path,
        commands,
      )
      break
    case 'recurse': {
      const depth = (scope.depths[node.pipeline] ?? 0) + 1
      if (depth > node.maxDepth) {
        commands.push({ type: 'exhausted', node: path, limit: 'depth' })
        break
      }
      const depths = { ...scope.depths, [node.pipeline]: depth }
      const body = run.plan.pipelines![node.pipeline]!.scope
      const child = {
        type: 'scope',
        branch: undefined,
        scope: openScope(body, { ...scope, depths }),
      } as const
      begin(run, scope, number, child, path, commands)
      break
    }
    case 'pipeline': {
      const child = { type: 'scope', branch: undefined, scope: openScope(node.body, scope) } as const
      begin(run, scope, number, child, path, commands)
      break
    }
  }
}

/** Begins the only body of a node; one without nodes is gathered at once. */
function begin(
  run: RunState,
  scope: ScopeState,
  number: number,
  child: ChildState & { readonly type: 'scope' },
  path: string,
  commands: Command[],
): void {
  enter(run, scope, number, child, path, commands)
  if (child.scope.open === 0 && !startHandlers(run, child.scope, `${path}/`, commands))
    commands.push({ type: 'gather', node: path })
}

/** Begins the first round of a loop; one without nodes is over at once. */
function beginRound(
  run: RunState,
  scope: ScopeState,
  number: number,
  loop: LoopState,
  path: string,
  commands: Command[],
): void {
  openRound(run, scope, number, loop, path, commands)
  if (loop.scope.open === 0) commands.push({ type: 'turn', node: path, round: 0 })
}

/** Begins a body of a node. */
export function enter(
  run: RunState,
  scope: ScopeState,
  number: number,
  child: ChildState & { readonly type: 'scope' },
  path: string,
  commands: Command[],
): void {
  const { branch } = child
  scope.children.set(number, child)
  startReady(run, child.scope, branch === undefined ? `${path}/` : `${path}/${branch}/`, commands)
}

/** Begins a round of a loop. */
export function openRound(
  run: RunState,
  scope: ScopeState,
  number: number,
  loop: LoopState,
  path: string,
  commands: Command[],
): void {
  scope.children.set(number, loop)
  startReady(run, loop.scope, `${path}[${loop.round}]/`, commands)
}

/** Opens items of a map while its window has room. */
export function advanceMap(run: RunState, map: MapState, path: string, commands: Command[]): void {
  const { surroundings } = map
  while (!isHalted(run, surroundings) && !isLost(map) && map.openItems < map.window && map.next < map.count) {
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
    const scope = openScope(map.node.body, surroundings)
    shard.status[at] = status.running
    shard.items.set(item, scope)
    map.openItems++
    startReady(run, scope, itemPrefix(map, path, item), commands)
  }
}

/** More items have failed than may: a map that lets some fail opens no more of them. */
export function isLost(map: MapState): boolean {
  return map.node.maxFailed !== undefined && map.failed > map.maxFailed
}

/** How a scope stands, before its handlers: what was only kept from going on counts as cancelled. */
export function outcomeOf(run: RunState, { failed, blocked, open, cancelled }: ScopeState): ScopeOutcome {
  if (run.undoing) return 'failed'
  if (run.cancelling && open + cancelled > 0) return 'cancelled'
  if (failed + blocked > 0) return 'failed'
  return open + cancelled > 0 ? 'cancelled' : 'succeeded'
}

/** Begins the next handlers of a scope whose other nodes have ended; false where there are none left. */
export function startHandlers(
  run: RunState,
  scope: ScopeState,
  prefix: string,
  commands: Command[],
): boolean {
  const { handlers } = scope.graph
  while (handlers.length > 0 && scope.handling < 2) {
    const on = scope.handling === 0 ? 'failure' : 'end'
    scope.handling++
    const outcome = outcomeOf(run, scope)
    if (on === 'failure' && outcome !== 'failed') continue
    for (const number of handlers) {
      const handler = nodeOf(scope, number) as PlanHandler
      if (handler.on === on) startHandler(run, scope, number, handler, prefix + handler.id, outcome, commands)
    }
    if (scope.running > 0) return true
  }
  return false
}

/** Begins a handler: it runs also where nothing new is to start. */
function startHandler(
  run: RunState,
  scope: ScopeState,
  number: number,
  { body }: PlanHandler,
  path: string,
  outcome: ScopeOutcome,
  commands: Command[],
): void {
  scope.status[number] = status.running
  scope.running++
  commands.push({ type: 'handle', node: path, outcome })
  const inside = openScope(body, { depths: scope.depths, cleanup: true })
  begin(run, scope, number, { type: 'scope', branch: undefined, scope: inside }, path, commands)
}
