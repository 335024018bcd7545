import type { Binding, Bindings } from '../../define/graph.ts'
import type { Plan, PlanNode, PlanScope, StepDeclaration } from '../../plan/document.ts'
import { oneOf, type Draw } from './draw.ts'

/** What of a plan is executed; inputs that are not given are absent. */
export type ExecutablePlan = Pick<Plan, 'pipeline' | 'pipelines' | 'scope' | 'steps'> &
  Partial<Pick<Plan, 'given'>>

/** How much there is of a random plan. */
export interface PlanSize {
  /** Nodes, those inside of others counted once. */
  readonly nodes: number
  /** How deep nodes are inside of one another. */
  readonly depth: number
}

const usual: PlanSize = { nodes: 20, depth: 3 }

const outputs = {
  n: { kind: 'json' },
  list: {
    kind: 'json',
    schema: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } } } },
  },
  flag: { kind: 'json', schema: { type: 'boolean' } },
  name: { kind: 'json', schema: { enum: ['a', 'b', 'c'] } },
} as const

function declaration(name: string, more: Partial<StepDeclaration> = {}): StepDeclaration {
  return { name, inputs: {}, outputs, ...more }
}

const containers = ['map', 'map', 'when', 'choose', 'loop', 'pipeline', 'recurse'] as const

const waits = ['sleep', 'signal', 'approve'] as const

const retry = { attempts: 3, backoff: 'constant', delay: 10, maxDelay: 10, jitter: 0 } as const

const steps = {
  plain: declaration('plain'),
  retried: declaration('retried', { retry }),
  effect: declaration('effect', { effect: true }),
  undoable: declaration('undoable', { effect: true, undo: true }),
}

/** A scope that is being made: what its nodes may read. */
interface Place {
  readonly depth: number
  /** The scope around it, which it sees; a sub-pipeline sees none. */
  readonly around: Place | undefined
  /** The nodes before, and those among them that are steps. */
  readonly nodes: string[]
  readonly steps: string[]
  /** What can be read here beside nodes. */
  readonly own: readonly Binding[]
}

/**
 * Makes a plan of any shape that a pipeline can compile to. Steps give a number `n`, a `list` of items with an `id`, a
 * `flag` and a `name` (`a`, `b` or `c`): what maps, branches and loops go by.
 */
export function randomPlan(draw: Draw, size: PlanSize = usual): ExecutablePlan {
  const maker = new PlanMaker(draw, size)
  const scope = maker.scope(place(0, undefined, []), true)
  const recursive = maker.recursive()
  return { pipeline: 'random', steps, scope, ...(recursive === undefined ? {} : { pipelines: recursive }) }
}

function place(depth: number, around: Place | undefined, own: readonly Binding[]): Place {
  return { depth, around, nodes: [], steps: [], own }
}

class PlanMaker {
  readonly #draw: Draw
  #left: number
  readonly #depth: number
  #recurses = false

  constructor(draw: Draw, { nodes, depth }: PlanSize) {
    this.#draw = draw
    this.#left = nodes
    this.#depth = depth
  }

  /** Nodes until the draw says that it is enough; pipelines have handlers too. */
  scope(here: Place, isPipeline = false): PlanScope {
    const nodes: PlanNode[] = []
    while (this.#left > 0 && nodes.length < 6 && this.#draw(here.depth === 0 ? 12 : 4) !== 0) {
      this.#left--
      const id = `n${nodes.length}`
      nodes.push(this.#node(id, here))
      here.nodes.push(id)
    }
    const outputs: Bindings = Object.fromEntries(
      here.nodes.length === 0 ? [] : [['n', { node: this.#some(here.nodes), output: 'n' }]],
    )
    if (isPipeline && nodes.length > 0)
      for (const on of ['failure', 'end'] as const) {
        if (this.#draw(4) !== 1 || here.depth >= this.#depth) continue
        const told: readonly Binding[] = [{ input: 'state' }]
        nodes.push({
          type: 'handler',
          id: `on-${on}`,
          on,
          body: this.scope(place(here.depth + 1, undefined, told)),
        })
      }
    return { nodes, outputs }
  }

  /** The pipeline that recurses, where the plan uses it: a branch inside of it calls it again. */
  recursive(): Plan['pipelines'] {
    if (!this.#recurses) return undefined
    const here = place(this.#depth - 1, undefined, [{ input: 'n' }])
    const { nodes } = this.scope(here)
    const inner: PlanScope = {
      nodes: [this.#recursion('again', place(this.#depth, here, []))],
      outputs: { n: { node: 'again', output: 'n' } },
    }
    const first: PlanNode = { type: 'step', id: 'ask', step: 'plain', inputs: { n: { input: 'n' } } }
    const deeper: PlanNode = {
      type: 'when',
      id: 'deeper',
      condition: { node: 'ask', output: 'flag' },
      then: inner,
    }
    const scope = { nodes: [...nodes, first, deeper], outputs: { n: { node: 'ask', output: 'n' } as const } }
    return { again: { name: 'again', inputs: {}, scope } }
  }

  #node(id: string, here: Place): PlanNode {
    const draw = this.#draw
    const after = here.nodes.length > 0 && draw(4) === 1 ? { after: [this.#some(here.nodes)] } : {}
    const isDeep = here.depth >= this.#depth
    const type = isDeep
      ? oneOf(draw, ['step', 'step', 'step', 'step', ...waits])
      : oneOf(draw, ['step', 'step', 'step', 'step', ...containers, ...waits])
    switch (type) {
      case 'step': {
        const step = oneOf(draw, ['plain', 'retried', 'effect', 'undoable'])
        const count = draw(3)
        const inputs = Object.fromEntries(
          Array.from({ length: count }, (_, at) => [`in${at}`, this.#value(here)]),
        )
        here.steps.push(id)
        return { type: 'step', id, step, inputs, ...after }
      }
      case 'map':
        return { ...this.#map(id, here), ...after }
      case 'when': {
        const condition = this.#flag(here)
        const then = this.scope(place(here.depth + 1, here, []))
        const other = draw(2) === 1 ? { else: this.scope(place(here.depth + 1, here, [])) } : {}
        return { type: 'when', id, condition, then, ...other, ...after }
      }
      case 'choose': {
        const selector = this.#read(here, 'name') ?? { value: oneOf(draw, ['a', 'b', 'c']) }
        const branches = {
          a: this.scope(place(here.depth + 1, here, [])),
          b: this.scope(place(here.depth + 1, here, [])),
        }
        const otherwise = draw(3) === 1 ? {} : { otherwise: this.scope(place(here.depth + 1, here, [])) }
        return { type: 'choose', id, selector, branches, ...otherwise, ...after }
      }
      case 'loop': {
        const inside = place(here.depth + 1, here, [{ input: 'n' }])
        const state = { n: this.#value(here) }
        const body = this.scope(inside)
        const again = this.#flag({ ...inside, around: undefined })
        const next = body.nodes.length === 0 ? { n: { input: 'n' } as const } : body.outputs
        return {
          type: 'loop',
          id,
          state,
          again,
          maxRounds: 1 + draw(3),
          onMaxRounds: oneOf(draw, ['stop', 'fail']),
          body: { ...body, outputs: next },
          ...after,
        }
      }
      case 'pipeline': {
        const inputs = { n: this.#value(here) }
        const body = this.scope(place(here.depth + 1, undefined, [{ input: 'n' }]), true)
        return { type: 'pipeline', id, pipeline: id, inputs, declares: {}, body, ...after }
      }
      case 'recurse':
        return { ...this.#recursion(id, here), ...after }
      case 'sleep':
        return { type: 'sleep', id, for: { value: 1 + draw(100) }, ...after }
      case 'signal':
        return { type: 'signal', id, signal: id, onTimeout: 'fail', ...after }
      case 'approve':
        return {
          type: 'approve',
          id,
          show: {},
          onTimeout: 'fail',
          onReject: oneOf(draw, ['continue', 'fail']),
          ...after,
        }
    }
  }

  #map(id: string, here: Place): PlanNode {
    const draw = this.#draw
    const key = draw(2) === 1 ? { key: 'id' } : {}
    const maxFailed = oneOf(draw, [undefined, 1, 2, { share: 0.5 }])
    const concurrency = oneOf(draw, [undefined, 1, 2])
    const items = this.#read(here, 'list') ?? {
      value: Array.from({ length: draw(5) }, (_, at) => ({ id: `k${at}` })),
    }
    const body = this.scope(place(here.depth + 1, here, [{ item: true }, { index: true }]))
    return {
      type: 'map',
      id,
      items,
      body,
      ...key,
      ...(maxFailed === undefined ? {} : { maxFailed }),
      ...(concurrency === undefined ? {} : { concurrency }),
    }
  }

  #recursion(id: string, here: Place): PlanNode {
    this.#recurses = true
    return {
      type: 'recurse',
      id,
      pipeline: 'again',
      inputs: { n: this.#value(here) },
      maxDepth: 1 + this.#draw(3),
    }
  }

  #some(ids: readonly string[]): string {
    return ids[this.#draw(ids.length)]!
  }

  /** An output of a step that can be seen from here; undefined where there is none. */
  #read(here: Place, output: string): Binding | undefined {
    let scope: Place | undefined = here
    let up = 0
    for (let skip = this.#draw(2); scope !== undefined; scope = scope.around, up++) {
      if (scope.steps.length > 0 && (skip-- <= 0 || scope.around === undefined))
        return { node: this.#some(scope.steps), output, ...(up === 0 ? {} : { up }) }
    }
    return undefined
  }

  #flag(here: Place): Binding {
    return this.#read(here, 'flag') ?? { value: this.#draw(2) === 0 }
  }

  /** Any value. */
  #value(here: Place): Binding {
    const kind = this.#draw(4)
    if (kind === 1 && here.own.length > 0) return here.own[this.#draw(here.own.length)]!
    if (kind === 2 && here.nodes.length > 0) return { node: this.#some(here.nodes), output: 'n' }
    if (kind === 3) return this.#read(here, 'n') ?? { value: 3 }
    return { value: kind }
  }
}
