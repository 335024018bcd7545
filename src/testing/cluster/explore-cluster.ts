import { PipewrightError } from '../../internal/error.ts'
import type { ClusterCounts } from './cluster.ts'
import { drawFrom } from './draw.ts'
import type { ExecutablePlan } from './random-plan.ts'
import { shortened } from './shorten.ts'
import { simulated, simulateWith, type Choices, type SimulatedCluster } from './simulate-cluster.ts'

/** So many failures are made shorter and told; what is more is only counted. */
const mostTold = 5

/**
 * How far a cluster is explored: until the first of both bounds.
 *
 * @example
 * ```ts
 * await exploreCluster({ seeds: 10_000, minutes: 3 })
 * ```
 */
export interface ExploreClusterOptions {
  /** How many seeds are tried. Default: 1,000, or as many as `minutes` allow. */
  readonly seeds?: number
  readonly minutes?: number
  /** The first seed, a whole number; the others follow. Default: the time in milliseconds, so that no two are alike. */
  readonly from?: number
  /** What is run, as for {@link simulateCluster}. Default: a random plan of each seed. */
  readonly plan?: ExecutablePlan
}

/** A seed with which something went wrong that must not. */
export interface ClusterFailure {
  /** What `simulateCluster({ seed })` repeats it with. */
  readonly seed: number
  readonly violations: readonly string[]
  /** A plan, as small as was found, that fails in the same way; and how. */
  readonly plan: ExecutablePlan
  readonly trace: readonly string[]
}

/** What an exploration has found. */
export interface Exploration {
  readonly from: number
  /** How many seeds were tried. */
  readonly explored: number
  /** How many of them have failed. */
  readonly failed: number
  /** The first of them. */
  readonly failures: readonly ClusterFailure[]
  /** What the runs have come through, all together. */
  readonly counts: ClusterCounts
  /** How many runs have ended so. */
  readonly states: Readonly<Record<string, number>>
}

/**
 * Runs {@link simulateCluster} with one seed after the other, and makes what fails as short as it can. Throws
 * `TEST_INVALID` for bounds that are none.
 *
 * @example
 * ```ts
 * const { from, explored, failures } = await exploreCluster({ seeds: 1_000 })
 * expect(failures, `${explored} seeds from ${from}`).toEqual([])
 * ```
 */
export async function exploreCluster(options: ExploreClusterOptions = {}): Promise<Exploration> {
  const { seeds = options.minutes === undefined ? 1_000 : Infinity, minutes = Infinity, plan } = options
  const from = options.from ?? Date.now()
  if (!(seeds > 0 && minutes > 0 && Number.isSafeInteger(from)))
    throw new PipewrightError('TEST_INVALID', 'an exploration needs a first seed, and bounds above 0', {
      fix: 'exploreCluster({ seeds: 1_000 }), or { minutes: 3 }; `from` is a whole number',
      details: { seeds, minutes, from },
    })
  const until = performance.now() + minutes * 60_000
  const failures: ClusterFailure[] = []
  const counts: Record<string, number> = {}
  const states: Record<string, number> = {}
  let explored = 0
  let failed = 0
  for (; explored < seeds && performance.now() < until; explored++) {
    const seed = from + explored
    const { result, choices } = await simulated(String(seed), plan)
    for (const [name, count] of Object.entries(result.counts)) counts[name] = (counts[name] ?? 0) + count
    const state = result.state ?? 'open'
    states[state] = (states[state] ?? 0) + 1
    if (result.violations.length === 0) continue
    failed++
    if (failures.length < mostTold) failures.push(await short(seed, result, choices, plan))
  }
  return { from, explored, failed, failures, counts: counts as unknown as ClusterCounts, states }
}

/** What a violation is about, without the names of this one case. */
function kindOf(violation: string | undefined): string | undefined {
  return violation?.replaceAll(/'[^']*'|\d+|\{.*\}/g, '')
}

async function short(
  seed: number,
  { violations }: SimulatedCluster,
  choices: Choices,
  plan: ExecutablePlan | undefined,
): Promise<ClusterFailure> {
  const simulate = (made: Choices): Promise<SimulatedCluster> =>
    simulateWith(String(seed), plan, { plan: drawFrom(made.plan), course: drawFrom(made.course) })
  const kind = kindOf(violations[0])
  const best = await shortened({ ...choices }, async (made) => {
    const { violations: found } = await simulate(made)
    return kindOf(found[0]) === kind
  })
  const { plan: smallest, trace } = await simulate(best)
  return { seed, violations, plan: smallest, trace }
}
