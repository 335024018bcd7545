import { graphOfScope, readsInput, type ScopeGraph } from './graph.ts'
import { locate, type PlanGraph } from './locate.ts'
import type { PlanScope } from './document.ts'
import { reach } from './select.ts'

/**
 * What becomes of the record of a node when a part of its run is repeated: it stands, or the node is executed again; a
 * container in which something is executed again keeps what it has decided, and ends anew.
 */
export type Standing = 'kept' | 'part' | 'repeated'

/** What is repeated of a run. */
export interface Repeated {
  /** Paths of nodes of the run: these, and all that follows from them unless they are `alone`. */
  readonly nodes: Iterable<string>
  readonly alone: boolean
  /** Nodes that have not succeeded: what follows from them is repeated, what has succeeded inside of them stands. */
  readonly unfinished: Iterable<string>
  /** Inputs of the pipeline that are others now: what reads them is repeated, and what follows. */
  readonly inputs: ReadonlySet<string>
}

/** One scope of a run: what is repeated in it. */
interface Marks {
  readonly nodes: Map<string, 'part' | 'repeated'>
  /** The first round of each loop in which something is repeated. */
  readonly rounds: Map<string, number>
  /** What follows from these; made when it is asked for. */
  following: ReadonlySet<string> | undefined
}

/** Tells what is repeated of a run of a plan. */
export class Repetition {
  readonly #plan: PlanGraph
  readonly #alone: boolean
  readonly #scopes = new Map<string, Marks>()

  constructor(plan: PlanGraph, { nodes, alone, unfinished, inputs }: Repeated) {
    this.#plan = plan
    this.#alone = alone
    for (const path of nodes) this.#mark(path, 'repeated')
    for (const path of unfinished) this.#mark(path, 'part')
    for (const node of plan.scope.nodes)
      if (readsInput(node, inputs)) this.#marks('').nodes.set(node.id, 'repeated')
  }

  /** Whether anything is repeated. */
  get isEmpty(): boolean {
    return this.#scopes.size === 0
  }

  /** What becomes of the record of a node. */
  of(path: string): Standing {
    const located = locate(this.#plan, path)
    if (located === undefined) return 'repeated'
    const { frames, node } = located
    for (const [at, { scope, prefix }] of frames.entries()) {
      const inner = frames[at + 1]
      const container = inner?.node ?? node
      // What handlers did when the run ended is no part of how it ends now.
      if (container.type === 'handler') return 'repeated'
      const standing = this.#standing(scope, prefix, container.id)
      if (inner === undefined || standing !== 'part') return standing
      if (container.type !== 'loop' || this.#alone) continue
      const first = this.#marks(prefix).rounds.get(container.id) ?? Infinity
      const round = typeof inner.item === 'number' ? inner.item : 0
      if (round !== first) return round < first ? 'kept' : 'repeated'
    }
    return 'kept'
  }

  /** Whether the end of a round of a loop stands, and what was decided there. */
  isTurned(path: string, round: number): boolean {
    const standing = this.of(path)
    if (standing !== 'part' || this.#alone) return standing !== 'repeated'
    const slash = path.lastIndexOf('/') + 1
    return round < (this.#marks(path.slice(0, slash)).rounds.get(path.slice(slash)) ?? Infinity)
  }

  #standing(scope: PlanScope, prefix: string, id: string): Standing {
    const marks = this.#scopes.get(prefix)
    if (marks === undefined) return 'kept'
    const own = marks.nodes.get(id) ?? 'kept'
    if (this.#alone) return own
    marks.following ??= followers(graphOfScope(scope), marks.nodes.keys())
    return marks.following.has(id) ? 'repeated' : own
  }

  #mark(path: string, how: 'part' | 'repeated'): void {
    const located = locate(this.#plan, path)
    if (located === undefined) return
    const { frames, node } = located
    for (const [at, { prefix }] of frames.entries()) {
      const inner = frames[at + 1]
      const { nodes, rounds } = this.#marks(prefix)
      const { id, type } = inner?.node ?? node
      const own = inner === undefined ? how : 'part'
      if (nodes.get(id) !== 'repeated') nodes.set(id, own)
      if (type !== 'loop' || typeof inner?.item !== 'number') continue
      rounds.set(id, Math.min(rounds.get(id) ?? inner.item, inner.item))
    }
  }

  #marks(prefix: string): Marks {
    let marks = this.#scopes.get(prefix)
    if (marks === undefined) {
      marks = { nodes: new Map(), rounds: new Map(), following: undefined }
      this.#scopes.set(prefix, marks)
    }
    return marks
  }
}

/** The nodes that follow from some, without these unless one follows from another. */
function followers(graph: ScopeGraph, ids: Iterable<string>): ReadonlySet<string> {
  const next = new Set<string>()
  for (const id of ids) {
    const number = graph.numbers.get(id)!
    for (const target of graph.targets.subarray(graph.offsets[number], graph.offsets[number + 1]))
      next.add(graph.nodes[target]!.id)
  }
  return reach(graph, next, 'down')
}
