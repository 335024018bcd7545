import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import type { BlobReader, BlobWriter } from '../artifact/blob.ts'
import { jsonDigest, type JsonKind } from '../artifact/json.ts'
import { check, issueLines } from '../artifact/schema.ts'
import type { Binding, Bindings } from '../define/graph.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import { bodiesOf, branchOf, hasBranches, isClosed } from '../plan/bodies.ts'
import type { PlanMap, PlanNode } from '../plan/document.ts'
import { locate, type PlanGraph } from '../plan/locate.ts'
import { itemOfName, planPath } from '../plan/node-path.ts'
import type { Value, Values } from '../record/event.ts'
import type { JsonValues } from './json-values.ts'
import { ListItems } from './list-items.ts'
import { MapValues, type FailedItem } from './map-values.ts'
import { absent, itemOf, picked, type Pick } from './picked-value.ts'

interface ValueScope {
  readonly parent: ValueScope | undefined
  readonly outputs: Map<string, Values>
  /**
   * The inputs of a pipeline's scope, the state of a round of a loop, or what a handler is told; a function where they
   * could not be read, and may be by now.
   */
  inputs: Values | Promise<Values> | (() => Promise<Values>) | undefined
  readonly item: Value | undefined
  readonly index: number
}

/** The state after a round of a loop: the next round is given it, or the loop ends with it. */
interface LoopValues {
  readonly rounds: number
  readonly next: Values
}

/** Which output of which body node a map gathers, for the lineage. */
export type Gathers = Readonly<Record<string, { readonly node: string; readonly output: string }>>

/** What a run holds in memory of its values: the outputs of open scopes, by reference. */
export class ValueScopes {
  readonly #plan: PlanGraph
  readonly #pipelines: ReadonlyMap<PlanNode, AnyPipeline>
  readonly #json: JsonValues
  readonly #blobs: BlobReader
  readonly #lists: ListItems
  readonly #current: (value: Value) => Value
  readonly #scopes = new Map<string, ValueScope>()
  readonly #maps = new Map<string, MapValues>()
  readonly #loops = new Map<string, LoopValues>()
  /** What handlers that are begun are told. */
  readonly #outcomes = new Map<string, Values>()
  readonly #nodes = new Map<string, PlanNode>()

  constructor(
    plan: PlanGraph,
    pipelines: ReadonlyMap<PlanNode, AnyPipeline>,
    inputs: Values,
    json: JsonValues,
    blobs: BlobReader,
    /** A value as it is stored now: it may have been made again in other bytes. */
    current: (value: Value) => Value = (value) => value,
  ) {
    this.#plan = plan
    this.#pipelines = pipelines
    this.#json = json
    this.#blobs = blobs
    this.#lists = new ListItems(blobs)
    this.#current = current
    this.#scopes.set('', { parent: undefined, outputs: new Map(), inputs, item: undefined, index: -1 })
  }

  /** The plan node behind a path; behind that of a side of a branch the branch. */
  node(path: string): PlanNode {
    const fixed = planPath(path)
    let node = this.#nodes.get(fixed)
    if (node === undefined) {
      node = locate(this.#plan, fixed)?.node
      if (node === undefined) throw new PipewrightError('PLAN_INVALID', `the plan has no node '${path}'`)
      this.#nodes.set(fixed, node)
    }
    return node
  }

  /** Keeps the outputs of a node that has succeeded. */
  record(path: string, outputs: Values): void {
    const { prefix, id } = split(path)
    this.#scope(prefix).outputs.set(id, outputs)
    const node = this.node(path)
    if (node.type !== 'step') this.#release(path)
  }

  /** Lets go of what a node held that has settled without outputs. */
  drop(path: string): void {
    if (this.node(path).type !== 'step') this.#release(path)
  }

  /** The values wired into a step. */
  async inputsOf(path: string): Promise<Values> {
    const node = this.node(path)
    if (node.type !== 'step' && !isClosed(node)) return {}
    return this.#resolveAll(node.inputs, this.#scope(split(path).prefix))
  }

  /** A value that a node reads beside inputs, such as the time that it waits for. */
  async valueOf(path: string, binding: Binding): Promise<unknown> {
    return this.#json.load(await this.#resolve(binding, this.#scope(split(path).prefix)))
  }

  /** Values that a node reads beside inputs. */
  async valuesOf(path: string, bindings: Bindings): Promise<Values> {
    return this.#resolveAll(bindings, this.#scope(split(path).prefix))
  }

  /** Reads the list of a map: its length, and its keys where the map has one. */
  async expand(
    path: string,
  ): Promise<{ readonly count: number; readonly keys: readonly string[] | undefined }> {
    const node = this.node(path)
    if (node.type !== 'map') throw new PipewrightError('PLAN_INVALID', `'${path}' is not a map`)
    const value = await this.#resolve(node.items, this.#scope(split(path).prefix))
    const map = await MapValues.open(path, node, value, this.#json, this.#blobs)
    this.#maps.set(path, map)
    return map
  }

  /** Reads the condition of a branch: the name of the body that runs, or that none does. */
  async decide(path: string): Promise<string> {
    const node = this.node(path)
    if (node.type === 'choose') return this.#choose(path, node)
    if (node.type !== 'when') throw new PipewrightError('PLAN_INVALID', `'${path}' is not a branch`)
    const condition = await this.#json.load(
      await this.#resolve(node.condition, this.#scope(split(path).prefix)),
    )
    if (typeof condition !== 'boolean') {
      throw new PipewrightError(
        'INPUT_INVALID',
        `the condition of '${path}' is ${JSON.stringify(condition) ?? 'undefined'}, not a boolean`,
        {
          fix: 'wire a boolean output',
          details: { node: path },
        },
      )
    }
    if (condition) return 'then'
    return node.else === undefined ? 'none' : 'else'
  }

  async #choose(path: string, node: PlanNode & { readonly type: 'choose' }): Promise<string> {
    const chosen = await this.valueOf(path, node.selector)
    const names = Object.keys(node.branches)
    if (typeof chosen === 'string' && names.includes(chosen)) return chosen
    if (node.otherwise !== undefined) return 'otherwise'
    const options = { details: { node: path, branches: names } }
    throw new PipewrightError(
      'INPUT_INVALID',
      `the selector of '${path}' is ${JSON.stringify(chosen) ?? 'undefined'}, for which it has no branch`,
      typeof chosen === 'string'
        ? { fix: `${didYouMean(chosen, names)}; or give a callback for all other values`, ...options }
        : { fix: 'wire an output that is a text', ...options },
    )
  }

  /** Takes the state after a round of a loop, and reads whether there is another; the round's scope is let go. */
  async turn(path: string, round: number): Promise<boolean> {
    const node = this.node(path)
    if (node.type !== 'loop') throw new PipewrightError('PLAN_INVALID', `'${path}' is not a loop`)
    const prefix = `${path}[${round}]/`
    const scope = this.#scope(prefix)
    const next = await this.#resolveAll(node.body.outputs, scope)
    const again = await this.#json.load(await this.#resolve(node.again, scope))
    if (typeof again !== 'boolean') {
      throw new PipewrightError(
        'INPUT_INVALID',
        `the condition of loop '${path}' is ${JSON.stringify(again) ?? 'undefined'} after round ${round + 1}, not a boolean`,
        { fix: 'wire a boolean output as `again`', details: { node: path, round } },
      )
    }
    this.#loops.set(path, { rounds: round + 1, next })
    this.#scopes.delete(prefix)
    return again
  }

  /** Tells a handler how its scope has ended. */
  handle(path: string, outcome: Values): void {
    this.#outcomes.set(path, outcome)
  }

  /** What names an item in a path, and to the user. */
  itemOf(path: string, index: number): { readonly name: string; readonly key: string } {
    const map = this.#maps.get(path)
    return map === undefined
      ? { name: String(index), key: String(index) }
      : { name: map.nameOf(index), key: map.keyOf(index) }
  }

  /** Keeps the error of an item that has failed and lets its scope go. */
  dropItem(path: string, failed: FailedItem): void {
    this.#maps.get(path)?.drop(failed)
    this.#letGo(path, failed.index)
  }

  /** Keeps the outputs of an item and lets its scope go. */
  collect(path: string, index: number): void {
    const node = this.node(path)
    const map = this.#maps.get(path)
    if (node.type !== 'map' || map === undefined) return
    const scope = this.#scope(`${path}[${map.nameOf(index)}]/`)
    for (const [name, binding] of Object.entries(node.body.outputs))
      map.keep(name, index, () => this.#resolve(binding, scope))
    this.#letGo(path, index)
  }

  #letGo(path: string, index: number): void {
    const map = this.#maps.get(path)
    map?.open.delete(index)
    this.#scopes.delete(`${path}[${map?.nameOf(index) ?? index}]/`)
  }

  /** Makes the outputs of a container; `gathers` and `inputs` tell a map's lineage. */
  async gather(
    path: string,
    branch: string | undefined,
    blobs: BlobWriter,
  ): Promise<{ readonly outputs: Values; readonly gathers?: Gathers; readonly inputs?: Values }> {
    const node = this.node(path)
    if (node.type === 'map') return this.#gatherMap(path, blobs)
    if (isClosed(node)) {
      const { outputs } = node.type === 'pipeline' ? node.body : this.#plan.pipelines![node.pipeline]!.scope
      return { outputs: await this.#resolveAll(outputs, this.#scope(`${path}/`)) }
    }
    if (node.type === 'loop') {
      const { next, rounds } = this.#loops.get(path)!
      return { outputs: { ...next, rounds: { value: rounds } } }
    }
    if (!hasBranches(node) || branch === undefined) return { outputs: {} }
    const bindings = branchOf(node, branch)?.outputs ?? {}
    const outputs = await this.#resolveAll(bindings, this.#scope(`${path}/${branch}/`))
    return { outputs: node.type === 'choose' ? { ...outputs, branch: { value: branch } } : outputs }
  }

  /** The outputs of the run. */
  outputs(): Promise<Values> {
    return Promise.resolve(this.#resolveAll(this.#plan.scope.outputs, this.#scope('')))
  }

  async #gatherMap(
    path: string,
    blobs: BlobWriter,
  ): Promise<{ outputs: Values; gathers: Gathers; inputs: Values }> {
    const { items, body } = this.node(path) as PlanMap
    const bindings = body.outputs
    // What a body hands on of its item was made before the map: for the lineage the map has read it.
    const isPassedOn = Object.entries(bindings).some(
      ([name, binding]) => name !== 'items' && !('node' in binding && binding.up === undefined),
    )
    const inputs = isPassedOn ? { items: await this.#resolve(items, this.#scope(split(path).prefix)) } : {}
    const outputs = await this.#maps.get(path)!.gather(blobs, this.#current)
    const gathers: Record<string, { node: string; output: string }> = {}
    for (const [name, binding] of Object.entries(bindings))
      if ('node' in binding && binding.up === undefined)
        gathers[name] = { node: binding.node, output: binding.output }
    return { outputs, gathers, inputs }
  }

  #resolveAll(bindings: Bindings, scope: ValueScope): Values | Promise<Values> {
    const values: Record<string, Value> = {}
    let waits: Promise<void>[] | undefined
    for (const name in bindings) {
      const value = this.#resolve(bindings[name]!, scope)
      if (value instanceof Promise)
        (waits ??= []).push(value.then((settled) => void (values[name] = settled)))
      else values[name] = value
    }
    return waits === undefined ? values : Promise.all(waits).then(() => values)
  }

  #resolve(binding: Binding, from: ValueScope): Value | Promise<Value> {
    if ('value' in binding) return { value: binding.value }
    if ('list' in binding) {
      const items = binding.list.map((item) => this.#resolve(item, from))
      const known = items.filter((item): item is Value => !(item instanceof Promise))
      if (known.length === items.length) return { list: known }
      return Promise.all(items.map((item) => Promise.resolve(item))).then((list) => ({ list }))
    }
    let scope: ValueScope = from
    for (let up = binding.up ?? 0; up > 0; up--) scope = scope.parent!
    if ('node' in binding)
      return this.#part(own(scope.outputs.get(binding.node) ?? {}, binding.output) ?? absent, binding.pick)
    if ('index' in binding) return { value: scope.index }
    if ('item' in binding) return this.#part(scope.item ?? absent, binding.pick)
    const inputs = typeof scope.inputs === 'function' ? scope.inputs() : scope.inputs
    if (inputs instanceof Promise)
      return inputs.then((values) => this.#part(own(values, binding.input) ?? absent, binding.pick))
    return this.#part(own(inputs ?? {}, binding.input) ?? absent, binding.pick)
  }

  /** The part of a value; an item of a stored list is an artifact of its own. */
  #part(value: Value, pick: Pick | undefined): Value | Promise<Value> {
    const part = picked(this.#current(value), pick)
    if (!('artifact' in part) || part.artifact.kind !== 'list' || part.pick === undefined) return part
    const [index, ...rest] = part.pick as [string | number, ...Pick]
    if (typeof index !== 'number') return part
    return this.#lists
      .item(part.artifact, index)
      .then((item) => this.#part(item === undefined ? absent : itemOf(part.artifact, item), rest))
  }

  /** The scope behind a prefix (`trials[3]/`, `gate/then/`, `sub/`), made when it is first asked for. */
  #scope(prefix: string): ValueScope {
    let scope = this.#scopes.get(prefix)
    if (scope === undefined) {
      scope = this.#open(prefix.slice(0, -1))
      this.#scopes.set(prefix, scope)
    }
    return scope
  }

  #open(path: string): ValueScope {
    const outputs = new Map<string, Values>()
    if (path.endsWith(']')) {
      const bracket = path.lastIndexOf('[')
      const container = path.slice(0, bracket)
      const named = itemOfName(path.slice(bracket + 1, -1))
      const parent = this.#scope(split(container).prefix)
      const loop = this.node(container)
      if (loop.type === 'loop' && typeof named === 'number') {
        const inputs = this.#loops.get(container)?.next ?? this.#resolveAll(loop.state, parent)
        return { parent, outputs, inputs, item: undefined, index: named }
      }
      const map = this.#maps.get(container)
      const index = map?.indexOf(named) ?? -1
      map?.open.add(index)
      return { parent, outputs, inputs: undefined, item: map?.item(index), index }
    }
    const node = this.node(path)
    if (node.type === 'handler') {
      const inputs = this.#outcomes.get(path)
      return { parent: this.#scope(split(path).prefix), outputs, inputs, item: undefined, index: -1 }
    }
    if (hasBranches(node)) {
      // The path of a branch names its side last.
      const parent = this.#scope(split(split(path).prefix.slice(0, -1)).prefix)
      return { parent, outputs, inputs: undefined, item: undefined, index: -1 }
    }
    const scope: ValueScope = { parent: undefined, outputs, inputs: undefined, item: undefined, index: -1 }
    const parse = (): Promise<Values> => {
      const inputs = this.#parse(path, node).then((values) => (scope.inputs = values))
      // Whoever reads an input awaits this promise and reports its error, or has what was lost made again.
      inputs.catch(() => (scope.inputs = parse))
      return (scope.inputs = inputs)
    }
    void parse()
    return scope
  }

  /** The inputs of a sub-pipeline, with the defaults and conversions of its schemas. */
  async #parse(path: string, node: PlanNode): Promise<Values> {
    const pipeline = this.#pipelines.get(node)
    const values: Record<string, Value> = { ...(await this.inputsOf(path)) }
    for (const [name, kind] of Object.entries(pipeline?.inputs ?? {})) {
      if (kind.name !== 'json') continue
      const value = own(values, name) ?? absent
      const data = await this.#json.load(value)
      const result = await check((kind as JsonKind<unknown>).schema, data)
      if (!result.ok) {
        throw new PipewrightError(
          'INPUT_INVALID',
          `pipeline '${path}', input '${name}' does not fit its schema:\n${issueLines(result.issues)}`,
          {
            details: { node: path, input: name, issues: result.issues },
          },
        )
      }
      if (result.value === undefined) values[name] = absent
      else if (data === undefined || jsonDigest(result.value) !== jsonDigest(data))
        values[name] = { value: result.value as Json }
    }
    return values
  }

  #release(path: string): void {
    const map = this.#maps.get(path)
    for (const index of map?.open ?? []) this.#letGo(path, index)
    this.#maps.delete(path)
    const loop = this.#loops.get(path)
    this.#scopes.delete(`${path}[${loop?.rounds ?? 0}]/`)
    this.#loops.delete(path)
    this.#outcomes.delete(path)
    this.#scopes.delete(`${path}/`)
    const node = this.node(path)
    if (!hasBranches(node)) return
    for (const { name } of bodiesOf(node)) this.#scopes.delete(`${path}/${name}/`)
  }
}

function split(path: string): { readonly prefix: string; readonly id: string } {
  const slash = path.lastIndexOf('/')
  return { prefix: path.slice(0, slash + 1), id: path.slice(slash + 1) }
}
