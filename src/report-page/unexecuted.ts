import type { RunDetail } from '../record/records.ts'
import { patternOf } from '../plan/node-path.ts'
import { innerPrefix, parentPath, sourcesOf, type PlacedNode, type PlanIndex } from './plan-index.ts'
import { isGoingOn, type Progress } from './progress.ts'
import type { PageNode, PageState } from './page-data.ts'

/** So many of the nodes that one waits for are named. */
const mostNamed = 20

/** Tells of the nodes outside of maps that have no record yet, or never will: why, and what they wait for. */
export class Unexecuted {
  readonly #detail: RunDetail
  readonly #index: PlanIndex
  readonly #progress: Progress
  readonly #executions: ReadonlyMap<string, RunDetail['executions'][number]>
  /** By path of what contains others: when the first of them has begun. */
  readonly #begun: ReadonlyMap<string, number>

  constructor(detail: RunDetail, index: PlanIndex, progress: Progress, begun: ReadonlyMap<string, number>) {
    this.#detail = detail
    this.#begun = begun
    this.#index = index
    this.#progress = progress
    this.#executions = new Map(detail.executions.map((execution) => [execution.node, execution]))
  }

  /** The nodes in the order of the plan. */
  nodes(): PageNode[] {
    const nodes: PageNode[] = []
    for (const place of this.#index.values()) {
      if (!place.inMap && !this.#executions.has(place.pattern)) nodes.push(this.#node(place))
    }
    return nodes
  }

  /** What keeps a node from being executed: the nodes before it that are not over, or have ended badly. */
  waitsFor(path: string): string[] {
    for (let at: string | undefined = path; at !== undefined; at = this.#parentOf(at)) {
      const place = this.#index.get(patternOf(at))
      if (place === undefined) return []
      const found = sourcesOf(at, place).filter((source) => {
        const state = this.#executions.get(source)?.state
        return state !== 'succeeded' && state !== 'skipped'
      })
      if (found.length > 0) return found.slice(0, mostNamed)
    }
    return []
  }

  #node(place: PlacedNode): PageNode {
    const { pattern: path, node } = place
    const begin = this.#begun.get(path)
    const state = this.#stateOf(place)
    const waitsFor = state === 'waiting' || state === 'blocked' ? this.waitsFor(path) : []
    const items = this.#progress.items.get(path)
    const at = begin ?? (state === 'running' ? this.#readyAt(path, place) : undefined)
    return {
      path,
      type: node.type,
      step: null,
      state,
      ...(at === undefined ? {} : { start: at - this.#detail.startedAt }),
      ...(state === 'waiting' && waitsFor.length === 0
        ? { ready: this.#readyAt(path, place) - this.#detail.startedAt }
        : {}),
      ...(waitsFor.length === 0 ? {} : { waitsFor }),
      ...(items === undefined ? {} : { items, unbegun: items - this.#begunItems(path) }),
    }
  }

  #stateOf(place: PlacedNode): PageState {
    const { pattern } = place
    if (this.#isLeftOut(place)) return 'skipped'
    const over = this.#overParent(pattern)
    // What a branch did not take has no record; nor has what was never reached.
    if (over !== undefined)
      return over === 'succeeded' || over === 'skipped'
        ? 'skipped'
        : over === 'blocked'
          ? 'blocked'
          : 'not run'
    if (!isGoingOn(this.#detail)) return this.#begun.has(pattern) ? 'interrupted' : 'not run'
    const isRunning =
      this.#begun.has(pattern) || this.#progress.items.has(pattern) || this.#progress.taken.has(pattern)
    return isRunning ? 'running' : 'waiting'
  }

  /** Whether it stands in the side of a branch that was not taken. */
  #isLeftOut({ pattern, parent }: PlacedNode): boolean {
    if (parent === undefined) return false
    const taken = this.#progress.taken.get(parent.pattern)
    if (taken !== undefined && !pattern.startsWith(innerPrefix(parent.pattern, parent.node, taken)))
      return true
    return this.#isLeftOut(parent)
  }

  /** The state of the nearest node around it that is over. */
  #overParent(path: string): string | undefined {
    for (let at = this.#parentOf(path); at !== undefined; at = this.#parentOf(at)) {
      const state = this.#executions.get(at)?.state
      if (state !== undefined && state !== 'running') return state
    }
    return undefined
  }

  /** When all that it reads was there. */
  #readyAt(path: string, place: PlacedNode): number {
    const parent = this.#parentOf(path)
    const parentPlace = parent === undefined ? undefined : this.#index.get(patternOf(parent))
    const outer =
      parent === undefined || parentPlace === undefined
        ? this.#detail.startedAt
        : this.#readyAt(parent, parentPlace)
    return sourcesOf(path, place).reduce(
      (latest, source) => Math.max(latest, this.#executions.get(source)?.finishedAt ?? outer),
      outer,
    )
  }

  #begunItems(map: string): number {
    const begun = new Set<string>()
    for (const { node } of this.#detail.executions)
      if (node.startsWith(`${map}[`)) begun.add(node.slice(0, node.indexOf(']', map.length)))
    return begun.size
  }

  #parentOf(path: string): string | undefined {
    const place = this.#index.get(patternOf(path))
    return place === undefined ? undefined : parentPath(path, place)
  }
}
