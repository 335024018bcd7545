import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import { json } from '../artifact/json.ts'
import { itemKind, list } from '../artifact/list.ts'
import type { Kind } from '../artifact/kind.ts'
import { bind, bindRef, fits, kindText, kindTexts, type Place } from './binding.ts'
import { graphOf, type Bindings, type ScopeRecord, type TracedNode, type TracedScope } from './graph.ts'
import { checkName } from './name.ts'
import { isRef, makeRef, targetOf, type Ref, type RefRecord } from './ref.ts'
import { isPipeline, runnableMark, type AnyPipeline } from './runnable.ts'
import {
  nodeMark,
  type MapOptions,
  type NodeHandle,
  type NodeOptions,
  type Scope,
  type StepNodeOptions,
} from './scope.ts'
import type { Kinds } from './spec.ts'
import { checkCachePolicy, type AnyStep } from './step.ts'

type OutputKinds = Readonly<Record<string, Kind<unknown, never> | undefined>>

/** What p.step may be given at run time, where no compiler has looked. */
function asRunnable(value: unknown, scope: ScopeRecord): AnyStep | AnyPipeline {
  if (typeof value === 'object' && value !== null && runnableMark in value)
    return value as AnyStep | AnyPipeline
  throw new PipewrightError(
    'DEFINITION_INVALID',
    `${scope.path}: p.step was given something that is neither a step nor a pipeline`,
    {
      fix: 'give what defineStep or definePipeline returned',
    },
  )
}

function checkCallback(callback: unknown, what: string): void {
  if (typeof callback === 'function') return
  throw new PipewrightError('DEFINITION_INVALID', `${what} is not a function`, {
    fix: 'give a function that wires steps and returns a record of refs',
  })
}

function checkReturned(result: unknown, what: string): asserts result is RefRecord {
  if (
    result instanceof Promise ||
    (typeof result === 'object' && result !== null && 'then' in result && !isRef(result.then))
  ) {
    // The rejection of a build function that will never be awaited must not end the process.
    void Promise.resolve(result as PromiseLike<unknown>).then(undefined, () => undefined)
    throw new PipewrightError('DEFINITION_INVALID', `${what} is asynchronous`, {
      fix: 'make it synchronous: it only wires steps; what needs waiting for belongs into a step',
    })
  }
  if (
    result !== undefined &&
    (typeof result !== 'object' || result === null || Array.isArray(result) || isRef(result))
  ) {
    const type = Array.isArray(result) ? 'an array' : result === null ? 'null' : `a ${typeof result}`
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${what} returned ${isRef(result) ? 'a bare ref' : type}`,
      {
        fix: 'return a record of named refs: return { model: trained.model }',
      },
    )
  }
}

/** The results of a scope as bindings seen from inside it. */
function closeScope(result: unknown, scope: ScopeRecord, what: string): TracedScope {
  checkReturned(result, what)
  scope.open = false
  const outputs: Record<string, Bindings[string]> = {}
  const kinds: Record<string, Kind<unknown, never> | undefined> = {}
  for (const [name, ref] of Object.entries(result ?? {})) {
    checkName('output', name)
    if (!isRef(ref)) {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `${what}: output '${name}' is ${ref === undefined ? 'undefined' : 'not a ref'}`,
        {
          fix: 'return refs only; a constant needs no pipeline output, and undefined is often a typo in an output name',
          details: { output: name },
        },
      )
    }
    outputs[name] = bindRef(ref, { scope, text: `${what}, output '${name}'` })
    kinds[name] = targetOf(ref).kind
  }
  return Object.freeze({ nodes: Object.freeze(scope.nodes), outputs: Object.freeze(outputs), kinds })
}

/** A part of plain data: which schema it has is not known. */
const plain = json({
  '~standard': { version: 1, vendor: 'pipewright', validate: (value) => ({ value }) },
}) as Kind<unknown, never>

/** The kind of a part: items of a list are what they are, parts of plain data are plain data, others have none. */
function partKind(
  kind: Kind<unknown, never> | undefined,
  key: string | number,
  label: string,
): Kind<unknown, never> | undefined {
  if (kind === undefined || kind.name === 'json' || kind.name === 'metrics')
    return kind === undefined ? undefined : plain
  const item = itemKind(kind)
  if (item !== undefined && typeof key === 'number' && key >= 0) return item
  if (item !== undefined && key === 'length') return plain
  throw new PipewrightError(
    'KIND_MISMATCH',
    `p.pick takes a part of plain data or an item of a list, but '${label}' is a ${kindText(kind)}`,
    {
      fix:
        item === undefined
          ? 'take the part in a step'
          : "give the item's index, or 'length'; take anything else in a step",
    },
  )
}

/** The recorder behind the scope that a build function is given. */
export class Tracer implements Scope {
  readonly #scope: ScopeRecord

  constructor(scope: ScopeRecord) {
    this.#scope = scope
  }

  step(given: unknown, wiring: Readonly<Record<string, unknown>> = {}, options: StepNodeOptions = {}): never {
    const runnable = asRunnable(given, this.#scope)
    const id = this.#claim(options.id ?? runnable.name, 'p.step')
    const inputs = this.#wire(runnable.inputs, runnable.optional, wiring, id)
    const base = this.#base(id, options)
    const { cache } = options
    checkCachePolicy(cache, `node '${id}'`)
    if (isPipeline(runnable)) {
      if (cache !== undefined) {
        throw new PipewrightError('DEFINITION_INVALID', `node '${id}': a pipeline has no cache policy`, {
          fix: 'give it to the steps inside',
        })
      }
      const { kinds } = graphOf(runnable)
      return this.#add({ type: 'pipeline', ...base, pipeline: runnable, inputs }, kinds)
    }
    return this.#add({ type: 'step', ...base, step: runnable, cache, inputs }, runnable.outputs)
  }

  map(
    items: unknown,
    each: (item: never, q: Scope, index: Ref<number>) => RefRecord,
    options: MapOptions = {},
  ): never {
    const id = this.#claim(options.id ?? 'map', 'p.map')
    const { concurrency } = options
    if (concurrency !== undefined && (!Number.isInteger(concurrency) || concurrency < 1)) {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `map '${id}': concurrency ${concurrency} is not a count`,
        { fix: 'give a whole number from 1' },
      )
    }
    const place: Place = { scope: this.#scope, text: `map '${id}', items` }
    if (!isRef(items) && !Array.isArray(items)) {
      throw new PipewrightError('DEFINITION_INVALID', `${place.text} is neither a ref to a list nor a list`, {
        fix: 'give a ref whose value is an array',
      })
    }
    const binding = bind(items, undefined, place)
    const itemsKind = isRef(items) ? targetOf(items).kind : undefined
    if (itemsKind !== undefined && itemsKind.name !== 'json' && itemsKind.name !== 'list') {
      throw new PipewrightError('KIND_MISMATCH', `${place.text} is a ${itemsKind.name}, not a list`, {
        fix: 'map over a list: return the parts from a step',
      })
    }
    checkCallback(each, `the callback of map '${id}'`)
    const inner = this.#child(`map '${id}'`)
    const kind = itemsKind === undefined ? undefined : itemKind(itemsKind)
    const item = makeRef({ scope: inner, source: { from: 'item' }, pick: [], kind, label: `item of ${id}` })
    const index = makeRef<number>({
      scope: inner,
      source: { from: 'index' },
      pick: [],
      kind: undefined,
      label: `index of ${id}`,
    })
    const body = closeScope(
      each(item as never, new Tracer(inner), index),
      inner,
      `the callback of map '${id}'`,
    )
    for (const reserved of ['keys', 'failed']) {
      if (Object.hasOwn(body.outputs, reserved)) {
        throw new PipewrightError(
          'DEFINITION_INVALID',
          `map '${id}': '${reserved}' cannot be the name of an output`,
          { fix: 'it is reserved for what a map itself reports; choose another name' },
        )
      }
    }
    const kinds: Record<string, Kind<unknown, never> | undefined> = {}
    for (const [name, output] of Object.entries(body.kinds))
      kinds[name] = output === undefined ? undefined : (list(output) as Kind<unknown, never>)
    return this.#add(
      { type: 'map', ...this.#base(id, options), items: binding, concurrency, body },
      kinds,
      body.outputs,
    )
  }

  when(
    condition: unknown,
    then: (q: Scope) => RefRecord,
    otherwise?: ((q: Scope) => RefRecord) | NodeOptions,
    more?: NodeOptions,
  ): never {
    const options = (typeof otherwise === 'function' ? more : (otherwise ?? more)) ?? {}
    const id = this.#claim(options.id ?? 'when', 'p.when')
    if (!isRef(condition)) {
      throw new PipewrightError('DEFINITION_INVALID', `when '${id}': the condition is not a ref`, {
        fix: 'a value that is known while the pipeline is defined needs no p.when: use a plain if',
      })
    }
    const { kind: conditionKind, label } = targetOf(condition)
    if (conditionKind !== undefined && conditionKind.name !== 'json') {
      throw new PipewrightError(
        'KIND_MISMATCH',
        `when '${id}', condition: '${label}' is a ${kindText(conditionKind)}, not true or false`,
        { fix: 'give an output that is a boolean: decide in a step' },
      )
    }
    const binding = bind(condition, undefined, { scope: this.#scope, text: `when '${id}', condition` })
    const branch = (build: (q: Scope) => RefRecord, name: string): TracedScope => {
      checkCallback(build, `the ${name} callback of when '${id}'`)
      const inner = this.#child(`when '${id}' (${name})`)
      return closeScope(build(new Tracer(inner)), inner, `the ${name} callback of when '${id}'`)
    }
    const taken = branch(then, 'then')
    const other = typeof otherwise === 'function' ? branch(otherwise, 'else') : undefined
    const kinds: Record<string, Kind<unknown, never> | undefined> = { ...other?.kinds, ...taken.kinds }
    for (const [name, kind] of Object.entries(other?.kinds ?? {})) {
      const twin = own(taken.kinds, name)
      if (kind === undefined || twin === undefined) continue
      // The wider of the two: gathered json values and a json list are both json.
      if (fits(twin, kind)) kinds[name] = kind
      else if (!fits(kind, twin)) {
        const [one, two] = kindTexts(twin, kind)
        throw new PipewrightError(
          'KIND_MISMATCH',
          `when '${id}': output '${name}' is a ${one} in one branch and a ${two} in the other`,
          { fix: 'give the two outputs different names' },
        )
      }
    }
    return this.#add(
      { type: 'when', ...this.#base(id, options), condition: binding, then: taken, else: other },
      kinds,
    )
  }

  pick(ref: unknown, ...keys: readonly (string | number)[]): never {
    if (!isRef(ref)) {
      throw new PipewrightError('DEFINITION_INVALID', `${this.#scope.path}: p.pick was not given a ref`, {
        fix: 'take the part with ordinary code',
      })
    }
    const target = targetOf(ref)
    for (const key of keys) {
      if (typeof key === 'string' || Number.isInteger(key)) continue
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `p.pick on '${target.label}' was given a ${typeof key}, not a name or a number`,
        { fix: 'what to pick is known while the pipeline is defined: give a property name or an index' },
      )
    }
    let kind = target.kind
    let label = target.label
    for (const key of keys) {
      kind = partKind(kind, key, label)
      label += `.${key}`
    }
    return makeRef({
      ...target,
      pick: Object.freeze([...target.pick, ...keys]),
      kind,
      label,
    }) as never
  }

  #claim(id: string, call: string): string {
    const scope = this.#scope
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

  #base(id: string, options: NodeOptions): Pick<TracedNode, 'id' | 'after' | 'tags'> {
    const after: string[] = []
    for (const earlier of options.after ?? []) after.push(this.#afterId(earlier, id))
    return { id, after: Object.freeze([...new Set(after)]), tags: Object.freeze([...(options.tags ?? [])]) }
  }

  #afterId(earlier: NodeHandle | Ref<unknown>, id: string): string {
    const place = { scope: this.#scope, text: `node '${id}', after` }
    let node: TracedNode | undefined
    if (isRef(earlier)) {
      const { source } = targetOf(earlier)
      bindRef(earlier, place)
      if (source.from === 'node') node = source.node
    } else if (typeof earlier === 'object' && earlier !== null && nodeMark in earlier)
      node = earlier[nodeMark]
    if (node !== undefined && this.#scope.byId.get(node.id) === node) return node.id
    throw new PipewrightError(
      'REF_OUT_OF_SCOPE',
      `${place.text}: names something that is not a node of this scope`,
      {
        fix: 'give what p.step, p.map or p.when of the same scope returned; to order a whole map or branch, put `after` on it',
      },
    )
  }

  #child(path: string): ScopeRecord {
    const { root, pipeline } = this.#scope
    return {
      parent: this.#scope,
      root,
      pipeline,
      path: `${path} of ${this.#scope.path}`,
      nodes: [],
      byId: new Map(),
      open: true,
    }
  }

  #wire(
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
        this.#missing(id, name, 'is wired to undefined', 'is the output it comes from spelt right?')
      inputs[name] = bind(value, kind, { scope: this.#scope, text: `node '${id}', input '${name}'` })
    }
    for (const name in kinds) {
      if (!Object.hasOwn(inputs, name) && !optional.has(name))
        this.#missing(id, name, 'is not wired', `wire it: p.step(…, { ${name}: … })`)
    }
    return Object.freeze(inputs)
  }

  #missing(id: string, input: string, what: string, fix: string): never {
    throw new PipewrightError('MISSING_INPUT', `node '${id}': input '${input}' ${what}`, {
      fix,
      details: { node: id, input },
    })
  }

  #add(node: TracedNode, kinds: OutputKinds, names: Readonly<Record<string, unknown>> = kinds): never {
    Object.freeze(node)
    this.#scope.nodes.push(node)
    this.#scope.byId.set(node.id, node)
    const handle: Record<PropertyKey, unknown> = { [nodeMark]: node }
    for (const output of Object.keys(names)) {
      handle[output] = makeRef({
        scope: this.#scope,
        source: { from: 'node', node, output },
        pick: [],
        kind: own(kinds, output),
        label: `${node.id}.${output}`,
      })
    }
    Object.defineProperty(handle, nodeMark, { enumerable: false })
    return Object.freeze(handle) as never
  }
}

/** Traces a build function. */
export function trace(
  pipeline: string,
  build: (p: Scope, input: never) => unknown,
  inputs: Kinds,
): TracedScope {
  const scope: ScopeRecord = {
    parent: undefined,
    root: {},
    pipeline,
    path: `pipeline '${pipeline}'`,
    nodes: [],
    byId: new Map(),
    open: true,
  }
  const input: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(inputs)) {
    input[name] = makeRef({ scope, source: { from: 'input', name }, pick: [], kind, label: `input.${name}` })
  }
  return closeScope(
    build(new Tracer(scope), Object.freeze(input) as never),
    scope,
    `the build function of pipeline '${pipeline}'`,
  )
}
