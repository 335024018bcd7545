import { reduce } from '../../src/execute/reduce/reduce.ts'
import { openRun, type ReducePolicy, type RunState } from '../../src/execute/reduce/state.ts'
import type { Command, ReduceEvent } from '../../src/execute/reduce/command.ts'
import type { PlanNode, PlanScope } from '../../src/plan/document.ts'

export const stopPolicy: ReducePolicy = { failure: 'stop', failFast: false, window: 3 }
export const continuePolicy: ReducePolicy = { failure: 'continue', failFast: false, window: 3 }

export function step(id: string, ...sources: string[]): PlanNode {
  return {
    type: 'step',
    id,
    step: id,
    inputs: Object.fromEntries(sources.map((node) => [`from-${node}`, { node, output: 'out' }])),
  }
}

export function scope(...nodes: PlanNode[]): PlanScope {
  return { nodes, outputs: {} }
}

/** What the world answers to the commands of a simulated run. */
export interface World {
  /** How often an attempt of a node fails before it succeeds; Infinity: always. */
  readonly failures?: Readonly<Record<string, number>>
  /** Whether a failed attempt is tried again. */
  readonly retries?: number
  readonly counts?: Readonly<Record<string, number>>
  readonly branches?: Readonly<Record<string, 'then' | 'else' | 'none'>>
  /** Picks which of the pending answers comes next. */
  readonly pick?: (count: number) => number
}

export interface Simulation {
  readonly state: RunState
  readonly log: ReduceEvent[]
  readonly executed: string[]
  readonly settled: Map<string, string>
  readonly collected: string[]
  finished: string | undefined
  mostOpen: number
}

/** Feeds a reducer the answers of a world until nothing is pending. */
export function simulate(plan: PlanScope, policy: ReducePolicy, world: World): Simulation {
  const state = openRun({ scope: plan }, policy)
  const simulation: Simulation = {
    state,
    log: [],
    executed: [],
    settled: new Map(),
    collected: [],
    finished: undefined,
    mostOpen: 0,
  }
  const fixed = (path: string): string => path.replaceAll(/\[\d+\]/g, '')
  const failed = new Map<string, number>()
  const outstanding = new Map<string, Command>()
  const take = (event: ReduceEvent): void => {
    if ('node' in event) outstanding.delete(event.node)
    for (const command of reduce(state, event)) {
      if (command.type === 'finish') simulation.finished = command.state
      else if (command.type === 'settled') {
        if (simulation.settled.has(command.node)) throw new Error(`${command.node} settled twice`)
        simulation.settled.set(command.node, command.state)
      } else if (command.type === 'collect') simulation.collected.push(`${command.node}[${command.item}]`)
      else if (command.type !== 'abort') {
        if (outstanding.has(command.node)) throw new Error(`${command.node} asked for twice`)
        outstanding.set(command.node, command)
      }
    }
  }
  take({ type: 'start' })
  while (outstanding.size > 0 && simulation.finished === undefined) {
    simulation.mostOpen = Math.max(simulation.mostOpen, outstanding.size)
    const commands = [...outstanding.values()]
    const command = commands[world.pick?.(commands.length) ?? 0]! as Command & { node: string }
    const answer = ((): ReduceEvent => {
      const { node } = command
      switch (command.type) {
        case 'expand':
          return { type: 'map.expanded', node, count: world.counts?.[fixed(node)] ?? 2 }
        case 'decide':
          return { type: 'branch.decided', node, taken: world.branches?.[fixed(node)] ?? 'then' }
        case 'gather':
          return { type: 'node.succeeded', node }
        default: {
          simulation.executed.push(node)
          const before = failed.get(node) ?? 0
          if (before < (world.failures?.[fixed(node)] ?? world.failures?.[node] ?? 0)) {
            failed.set(node, before + 1)
            return before < (world.retries ?? 0)
              ? { type: 'attempt.failed', node, end: 'failed', retryIn: 10 }
              : { type: 'attempt.failed', node, end: 'failed' }
          }
          return { type: 'node.succeeded', node }
        }
      }
    })()
    simulation.log.push(answer)
    take(answer)
    if (answer.type === 'node.succeeded') simulation.settled.set(answer.node, 'succeeded')
  }
  return simulation
}
