import type { ReducePolicy } from '../../execute/reduce/state.ts'
import type { Values } from '../../record/event.ts'
import { memoryStore } from '../../store/memory-store.ts'
import { runInCluster, type ClusterCounts, type ClusterHistory } from './cluster.ts'
import { oneOf, recorded, seededDraw, type Draw } from './draw.ts'
import { brokenIn, differences, statesOf } from './invariants.ts'
import { randomPlan, type ExecutablePlan } from './random-plan.ts'
import { randomWork } from './work.ts'

/**
 * What a simulated cluster takes.
 *
 * @example
 * ```ts
 * await simulateCluster({ seed: 4_711, plan: plan(tumours, { csv: 'tumours.csv' }) })
 * ```
 */
export interface SimulateClusterOptions {
  /** What everything follows from: the plan, what its steps do, delays, disturbances. */
  readonly seed: number | string
  /**
   * What is run. The functions of its steps are not: what they give is made up, of the types that they declare, and some
   * of them fail. Default: a random plan.
   */
  readonly plan?: ExecutablePlan
}

/** What a simulated cluster did. */
export interface SimulatedCluster {
  readonly seed: string
  readonly plan: ExecutablePlan
  /** How the run has ended; undefined where it has not. */
  readonly state: 'succeeded' | 'failed' | 'cancelled' | undefined
  /** How each node has settled at last, by its path. */
  readonly nodes: Readonly<Record<string, string>>
  /** What must not happen, and has; empty where all is well. */
  readonly violations: readonly string[]
  readonly counts: ClusterCounts
  /** What has happened, line by line, each with its time in milliseconds. */
  readonly trace: readonly string[]
}

/** The draws behind a simulation: those of the plan and its steps, and those of what happens to it. */
export interface Choices {
  readonly plan: readonly number[]
  readonly course: readonly number[]
}

/** Nothing goes wrong, and nothing takes longer than it must. */
const calm: Draw = () => 0

/**
 * Runs a plan in a simulated cluster: two orchestrators, three workers, people who decide, and a store, in one process
 * and on a virtual clock. Messages are late, lost and delivered again, doubled, out of order; processes crash, and hang
 * for longer than their lease lasts; the store stalls. All of it follows from the seed: the same one gives the same trace.
 *
 * Compared with a run in which nothing goes wrong are its end, its outputs and how each node has settled; not after a
 * cancel, and not the nodes where a failure stops the run.
 *
 * @example
 * ```ts
 * const { violations, trace } = await simulateCluster({ seed: 4_711 })
 * expect(violations, trace.join('\n')).toEqual([])
 * ```
 */
export async function simulateCluster({ seed, plan }: SimulateClusterOptions): Promise<SimulatedCluster> {
  const { result } = await simulated(String(seed), plan)
  return result
}

/** The same, with the draws that it was made of. */
export async function simulated(
  seed: string,
  plan: ExecutablePlan | undefined,
): Promise<{ readonly result: SimulatedCluster; readonly choices: Choices }> {
  const choices = { plan: [] as number[], course: [] as number[] }
  const draws = {
    plan: recorded(seededDraw(`plan ${seed}`), choices.plan),
    course: recorded(seededDraw(`course ${seed}`), choices.course),
  }
  return { result: await simulateWith(seed, plan, draws), choices }
}

/** Simulates what draws say. */
export async function simulateWith(
  seed: string,
  given: ExecutablePlan | undefined,
  draws: { readonly plan: Draw; readonly course: Draw },
): Promise<SimulatedCluster> {
  const failing = oneOf(draws.plan, [0, 10, 25])
  const failure = oneOf(draws.plan, ['continue', 'continue', 'stop'])
  const policy: ReducePolicy = { failure, failFast: draws.plan(2) === 1, window: 1 + draws.plan(4) }
  const plan = given ?? randomPlan(draws.plan)
  const run = (draw: Draw): Promise<ClusterHistory> => {
    const store = memoryStore()
    const inputs = Object.entries(plan.given ?? {}).map(([name, value]) => [name, { value }])
    const program = { plan, pipelines: new Map(), inputs: Object.fromEntries(inputs) as Values }
    const work = randomWork(seed, failing, store)
    return runInCluster({ program, policy, work, store, draw })
  }
  const undisturbed = await run(calm)
  const history = await run(draws.course)
  const violations = [
    ...undisturbed.violations.map((violation) => `undisturbed: ${violation}`),
    ...history.violations,
    ...brokenIn(plan, history),
    ...differences(plan, history, undisturbed, policy),
  ]
  return {
    seed,
    plan,
    state: history.end?.state,
    nodes: Object.fromEntries(statesOf(history.events)),
    violations,
    counts: history.counts,
    trace: history.trace,
  }
}
