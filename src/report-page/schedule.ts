import { patternOf } from '../plan/node-path.ts'
import { isWait } from '../plan/bodies.ts'
import { parentPath, roundBefore, roundOf, sourcesOf, type PlacedNode, type PlanIndex } from './plan-index.ts'

/** An execution as far as time goes; milliseconds since any moment. */
export interface Timed {
  readonly node: string
  readonly step: string | null
  readonly startedAt: number
  readonly finishedAt: number | null
}

/** When nodes could have begun, and which of them decided when the run was over. */
export interface Schedule {
  /** When all that a node waits for was there; that of the run's start where it waits for nothing. */
  readonly readyAt: (path: string) => number
  /** The paths of the critical path, and of what contains them. */
  readonly critical: ReadonlySet<string>
  /** Edges of the plan on it: `from` and `to` are patterns of one scope, with a line break between. */
  readonly criticalEdges: ReadonlySet<string>
}

/** Tells what waited for what in a run: from the edges of its plan and the times of its executions. */
export function scheduleOf(executions: readonly Timed[], index: PlanIndex, startedAt: number): Schedule {
  const byPath = new Map(executions.map((execution) => [execution.node, execution]))
  const placeOf = (path: string): PlacedNode | undefined => index.get(patternOf(path))

  /** By node, or round of a loop: the step or wait inside, or itself, that was over last. */
  const last = new Map<string, Timed>()
  const isLeaf = ({ node, step, finishedAt }: Timed): boolean => {
    const place = step === null ? placeOf(node) : undefined
    return finishedAt !== null && (step !== null || (place !== undefined && isWait(place.node)))
  }
  const leaves = executions.filter(isLeaf)
  for (const leaf of leaves) {
    const note = (path: string): void => {
      const known = last.get(path)
      if (known === undefined || known.finishedAt! <= leaf.finishedAt!) last.set(path, leaf)
    }
    for (let path: string | undefined = leaf.node; path !== undefined;) {
      note(path)
      const place = placeOf(path)
      const round = place === undefined ? undefined : roundOf(path, place)
      if (round !== undefined) note(round)
      path = place === undefined ? undefined : parentPath(path, place)
    }
  }
  const lastOfRoundBefore = (path: string, place: PlacedNode): Timed | undefined => {
    const round = roundOf(path, place)
    const before = round === undefined ? undefined : roundBefore(round)
    return before === undefined ? undefined : last.get(before)
  }

  const ready = new Map<string, number>()
  const readyAt = (path: string): number => {
    const known = ready.get(path)
    if (known !== undefined) return known
    const place = placeOf(path)
    if (place === undefined) return startedAt
    const parent = parentPath(path, place)
    let at = parent === undefined ? startedAt : readyAt(parent)
    at = Math.max(at, lastOfRoundBefore(path, place)?.finishedAt ?? at)
    for (const source of sourcesOf(path, place)) at = Math.max(at, byPath.get(source)?.finishedAt ?? at)
    ready.set(path, at)
    return at
  }

  const critical = new Set<string>()
  const criticalEdges = new Set<string>()
  let current: string | undefined = leaves.reduce<Timed | undefined>(
    (best, one) => (best === undefined || one.finishedAt! >= best.finishedAt! ? one : best),
    undefined,
  )?.node
  while (current !== undefined && !critical.has(current)) {
    let [path, next]: [string | undefined, string | undefined] = [current, undefined]
    // Outwards, until something was waited for.
    while (path !== undefined && next === undefined) {
      critical.add(path)
      const place = placeOf(path)
      if (place === undefined) break
      const found: { readonly source: string; readonly leaf: Timed }[] = sourcesOf(path, place).flatMap(
        (source) => {
          const leaf = last.get(source)
          return leaf === undefined ? [] : [{ source, leaf }]
        },
      )
      const latest = found.reduce<(typeof found)[number] | undefined>(
        (best, one) => (best === undefined || one.leaf.finishedAt! > best.leaf.finishedAt! ? one : best),
        undefined,
      )
      if (latest !== undefined) {
        criticalEdges.add(`${patternOf(latest.source)}\n${place.pattern}`)
        next = latest.leaf.node
      } else next = lastOfRoundBefore(path, place)?.node
      path = parentPath(path, place)
    }
    // What contains the last one of these is part of it too.
    for (; path !== undefined;) {
      critical.add(path)
      const place = placeOf(path)
      path = place === undefined ? undefined : parentPath(path, place)
    }
    current = next
  }
  return { readyAt, critical, criticalEdges }
}
