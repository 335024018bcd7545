import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { own } from '../../internal/own.ts'
import type { Kind } from '../../artifact/kind.ts'
import { bind, bindRef } from '../binding.ts'
import type { Bindings, ScopeRecord, TracedNode } from '../graph.ts'
import { checkName } from '../name.ts'
import { isRef, makeRef, targetOf, type Ref } from '../ref.ts'
import { nodeMark, type NodeHandle, type NodeOptions } from '../scope.ts'
import type { Kinds } from '../spec.ts'

/** How outputs are represented, as far as that is known. */
export type OutputKinds = Readonly<Record<string, Kind<unknown, never> | undefined>>

/** The part of a node that its options give. */
export type Base = Pick<TracedNode, 'id' | 'after' | 'tags'>

/** Records the nodes of one scope: what every construct does alike. */
export class Recorder {
  readonly scope: ScopeRecord

  constructor(scope: ScopeRecord) {
    this.scope = scope
  }

  /** Takes an id for a node of this scope; `call` is what the user called. */
  claim(id: string, call: string): string {
    const { scope } = this
    if (!scope.open) {
      throw new PipewrightError(
        'REF_OUT_OF_SCOPE',
        `${call} was called on the scope of ${scope.path} after its callback had returned`,
        {
          fix: 'use the scope that the innermost callback is given',
        },
      )
    }
    checkName('node', id)
    if (scope.byId.has(id)) {
      throw new PipewrightError('DUPLICATE_ID', `${scope.path} already has a node '${id}'`, {
        fix: `give one of them a name of its own: ${call === 'p.step' ? `p.step(…, { … }, { id: '${id}-2' })` : `{ id: '${id}-2' } as the last argument of ${call}`}`,
        details: { id },
      })
    }
    scope.byId.set(id, undefined)
    return id
  }

  /** What every node has. */
  base(id: string, options: NodeOptions): Base {
    const after: string[] = []
    for (const earlier of options.after ?? []) after.push(this.#afterId(earlier, id))
    return { id, after: Object.freeze([...new Set(after)]), tags: Object.freeze([...(options.tags ?? [])]) }
  }

  /** The record of a scope inside this one. */
  child(path: string): ScopeRecord {
    const { root, pipeline, self } = this.scope
    return {
      parent: this.scope,
      root,
      pipeline,
      path: `${path} of ${this.scope.path}`,
      nodes: [],
      byId: new Map(),
      open: true,
      self,
    }
  }

  /** The bindings of what is wired into declared inputs. */
  wire(
    kinds: Kinds,
    optional: ReadonlySet<string>,
    wiring: Readonly<Record<string, unknown>>,
    id: string,
  ): Bindings {
    const inputs: Record<string, Bindings[string]> = {}
    for (const [name, value] of Object.entries(wiring)) {
      const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
      if (kind === undefined) {
        throw new PipewrightError('UNKNOWN_INPUT', `node '${id}' has no input '${name}'`, {
          fix: didYouMean(name, Object.keys(kinds)),
          details: { node: id, input: name },
        })
      }
      if (value === undefined && optional.has(name)) continue
      if (value === undefined)
        missing(id, name, 'is wired to undefined', 'is the output it comes from spelt right?')
      inputs[name] = bind(value, kind, { scope: this.scope, text: `node '${id}', input '${name}'` })
    }
    for (const name in kinds) {
      if (!Object.hasOwn(inputs, name) && !optional.has(name))
        missing(id, name, 'is not wired', `wire it: p.step(…, { ${name}: … })`)
    }
    return Object.freeze(inputs)
  }

  /**
   * Adds a node; its handle has a ref for each output. Those that are `beside` are not given on where the handle is
   * returned as a whole.
   */
  add(
    node: TracedNode,
    kinds: OutputKinds,
    names: Readonly<Record<string, unknown>> = kinds,
    beside: readonly string[] = [],
  ): never {
    Object.freeze(node)
    this.scope.nodes.push(node)
    this.scope.byId.set(node.id, node)
    const handle: Record<PropertyKey, unknown> = { [nodeMark]: node }
    for (const output of [...Object.keys(names), ...beside]) {
      handle[output] = makeRef({
        scope: this.scope,
        source: { from: 'node', node, output },
        pick: [],
        kind: own(kinds, output),
        label: `${node.id}.${output}`,
      })
    }
    for (const hidden of [nodeMark, ...beside]) Object.defineProperty(handle, hidden, { enumerable: false })
    return Object.freeze(handle) as never
  }

  #afterId(earlier: NodeHandle | Ref<unknown>, id: string): string {
    const place = { scope: this.scope, text: `node '${id}', after` }
    let node: TracedNode | undefined
    if (isRef(earlier)) {
      const { source } = targetOf(earlier)
      bindRef(earlier, place)
      if (source.from === 'node') node = source.node
    } else if (typeof earlier === 'object' && earlier !== null && nodeMark in earlier)
      node = earlier[nodeMark]
    if (node !== undefined && this.scope.byId.get(node.id) === node) return node.id
    throw new PipewrightError(
      'REF_OUT_OF_SCOPE',
      `${place.text}: names something that is not a node of this scope`,
      {
        fix: 'give what p.step, p.map or p.when of the same scope returned; to order a whole map or branch, put `after` on it',
      },
    )
  }
}

function missing(id: string, input: string, what: string, fix: string): never {
  throw new PipewrightError('MISSING_INPUT', `node '${id}': input '${input}' ${what}`, {
    fix,
    details: { node: id, input },
  })
}
