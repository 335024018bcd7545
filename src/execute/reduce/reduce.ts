import { branchOf, hasBranches } from '../../plan/bodies.ts'
import { closeContainers, closeRun, fail, halt, holdBack, isOpen, settle } from './closing.ts'
import type { Command, ReduceEvent } from './command.ts'
import { locate, type Frame } from './locate.ts'
import { advanceMap, enter, openRound, startReady } from './opening.ts'
import { nodeOf, openMap, openScope, status, type RunState } from './state.ts'

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
      closeRun(run, commands)
      break
    case 'map.expanded':
      expanded(run, event, commands)
      break
    case 'branch.decided':
      decided(run, event, commands)
      break
    case 'loop.turned':
      turned(run, event, commands)
      break
    case 'node.succeeded': {
      const frames = locate(run, event.node, commands)
      if (frames === undefined || !isOpen(frames)) break
      if (event.undoable) run.undoable.push(event.node)
      settle(run, frames, status.succeeded, commands)
      break
    }
    case 'attempt.failed':
      attemptFailed(run, event, commands)
      break
    case 'node.broken': {
      const frames = running(run, event.node, commands)
      if (frames !== undefined) fail(run, frames, commands)
      break
    }
    case 'node.withdrawn': {
      const frames = running(run, event.node, commands)
      if (frames !== undefined) holdBack(run, frames, commands)
      break
    }
    case 'node.undone':
      if (run.undoable.at(-1) !== event.node) break
      run.undoable.pop()
      closeRun(run, commands)
      break
    case 'undo':
      // What was running when it began has ended with its process.
      run.undoing = true
      run.halted = true
      run.root.running = 0
      closeRun(run, commands)
      break
    case 'cancel':
      run.cancelling = true
      halt(run, true, commands)
      break
  }
  return commands
}

/** Finds a node that is asked for something; undefined where it is not: what is answered again changes nothing. */
function running(run: RunState, path: string, commands: Command[]): Frame[] | undefined {
  const frames = locate(run, path, commands)
  if (frames === undefined) return undefined
  const { scope, number } = frames.at(-1)!
  return scope.status[number] === status.running ? frames : undefined
}

function expanded(run: RunState, event: ReduceEvent & { type: 'map.expanded' }, commands: Command[]): void {
  const frames = running(run, event.node, commands)
  if (frames === undefined) return
  const { scope, number } = frames.at(-1)!
  const node = nodeOf(scope, number)
  if (node.type !== 'map' || scope.children.has(number)) return
  const map = openMap(node, scope, event.count, event.keys, run.policy)
  scope.children.set(number, map)
  advanceMap(run, map, event.node, commands)
  closeContainers(run, frames, commands)
}

function decided(run: RunState, event: ReduceEvent & { type: 'branch.decided' }, commands: Command[]): void {
  const frames = running(run, event.node, commands)
  if (frames === undefined) return
  const { scope, number } = frames.at(-1)!
  const node = nodeOf(scope, number)
  if (!hasBranches(node) || scope.children.has(number)) return
  // Where a branch without a second body is not taken, `taken` names none.
  const body = branchOf(node, event.taken)
  if (body === undefined) {
    commands.push({ type: 'settled', node: event.node, state: 'skipped' })
    settle(run, frames, status.skipped, commands)
    return
  }
  const child = { type: 'scope', branch: event.taken, scope: openScope(body, scope) } as const
  enter(run, scope, number, child, event.node, commands)
  closeContainers(run, frames, commands)
}

function turned(
  run: RunState,
  { node: path, round, again }: ReduceEvent & { type: 'loop.turned' },
  commands: Command[],
): void {
  const frames = running(run, path, commands)
  if (frames === undefined) return
  const { scope, number } = frames.at(-1)!
  const loop = scope.children.get(number)
  if (loop?.type !== 'loop' || loop.round !== round || loop.isLast) return
  const { node } = loop
  if (again && round + 1 < node.maxRounds) {
    const next = { ...loop, round: round + 1, scope: openScope(node.body, scope) }
    openRound(run, scope, number, next, path, commands)
    closeContainers(run, frames, commands)
    return
  }
  loop.isLast = true
  if (!again || node.onMaxRounds === 'stop') commands.push({ type: 'gather', node: path })
  else commands.push({ type: 'exhausted', node: path, limit: 'rounds' })
}

function attemptFailed(
  run: RunState,
  event: ReduceEvent & { type: 'attempt.failed' },
  commands: Command[],
): void {
  const { node, retryIn } = event
  const frames = running(run, node, commands)
  if (frames === undefined) return
  const { cleanup } = frames.at(-1)!.scope
  if ((run.cancelling && !cleanup) || event.end === 'cancelled') {
    commands.push({ type: 'settled', node, state: 'cancelled' })
    settle(run, frames, status.cancelled, commands)
  } else if (retryIn !== undefined)
    commands.push({ type: 'execute', node, after: retryIn, ...(cleanup ? { cleanup: true as const } : {}) })
  else fail(run, frames, commands)
}
