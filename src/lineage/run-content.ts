import type { Artifact } from '../artifact/artifact.ts'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import type { Json } from '../internal/json.ts'
import { own } from '../internal/own.ts'
import type { Binding, Bindings } from '../define/graph.ts'
import type { PlanNode, PlanScope } from '../plan/document.ts'
import { bodiesOf } from '../plan/bodies.ts'
import type { Value } from '../record/event.ts'
import type { ExecutionRecord, RunDetail } from '../record/records.ts'
import { identity } from './value-identity.ts'

type Pick = readonly (string | number)[]

/** Reads stored data; rejects where it is gone. */
export interface ContentReader {
  readonly json: (artifact: Artifact) => Promise<Json>
  readonly list: (artifact: Artifact) => Promise<readonly (Artifact | null)[]>
}

/** What the values of a run are by content, wherever they were taken from. */
export interface RunContent {
  /** As {@link identity}, but of a part of a value: what it is, not where it stands. */
  readonly identity: (value: Value) => string
  /** By path of a map: the identities of its items, in order. */
  readonly items: ReadonlyMap<string, readonly string[]>
}

/** A scope of the plan as it was executed, at the end of the scopes around it. */
interface Frame {
  readonly prefix: string
  /** Where the inputs of the pipeline that it is the body of come from, seen from the frames before. */
  readonly inputs?: Bindings
  readonly item?: Value
  readonly index?: number
}

function partOf(data: Json | undefined, pick: Pick): Json | undefined {
  let part = data
  for (const key of pick) {
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, key)) return undefined
    part = (part as Readonly<Record<string | number, Json>>)[key]
  }
  return part
}

function hasMap(scope: PlanScope): boolean {
  return scope.nodes.some(
    (node) => node.type === 'map' || bodiesOf(node).some(({ scope: inner }) => hasMap(inner)),
  )
}

/** Tells the content of values; data that values were picked from is read once. */
class Contents {
  readonly #run: RunDetail
  readonly #reader: ContentReader
  readonly #byPath: ReadonlyMap<string, ExecutionRecord>
  readonly #data = new Map<string, Json | undefined>()
  readonly items = new Map<string, readonly string[]>()

  constructor(run: RunDetail, reader: ContentReader) {
    this.#run = run
    this.#reader = reader
    this.#byPath = new Map(run.executions.map((execution) => [execution.node, execution]))
  }

  /** As {@link RunContent.identity}, of what has been read. */
  readonly identity = (value: Value): string => {
    if ('list' in value) return `[${value.list.map(this.identity).join(', ')}]`
    if (!('artifact' in value) || value.pick === undefined) return identity(value)
    const part = partOf(this.#data.get(value.artifact.blob), value.pick)
    return part === undefined ? identity(value) : `json ${sha256(canonicalJson(part))}`
  }

  /** Reads the data that values of executions were picked from. */
  async readPicked(values: Iterable<Value>): Promise<void> {
    for (const value of values) {
      if ('list' in value) await this.readPicked(value.list)
      else if ('artifact' in value && value.pick !== undefined) await this.#dataOf(value.artifact)
    }
  }

  /** Finds the items of all maps of a scope, inner ones too. */
  async visit(scope: PlanScope, frames: readonly Frame[]): Promise<void> {
    for (const node of scope.nodes) await this.#visitNode(node, frames)
  }

  async #visitNode(node: PlanNode, frames: readonly Frame[]): Promise<void> {
    const path = frames.at(-1)!.prefix + node.id
    // Keys tell the items of two runs apart by themselves, and so do rounds.
    if (node.type === 'loop' || (node.type === 'map' && node.key !== undefined)) return
    if (node.type === 'map') {
      const items = await this.#itemsOf(this.#resolve(node.items, frames))
      if (items === undefined) return
      this.items.set(path, items.map(this.identity))
      if (!hasMap(node.body)) return
      for (const [index, item] of items.entries())
        await this.visit(node.body, [...frames, { prefix: `${path}[${index}]/`, item, index }])
      return
    }
    const inputs = node.type === 'pipeline' ? { inputs: node.inputs } : {}
    for (const { name, scope } of bodiesOf(node))
      if (hasMap(scope))
        await this.visit(scope, [
          ...frames,
          { prefix: name === undefined ? `${path}/` : `${path}/${name}/`, ...inputs },
        ])
  }

  /** The value of a binding as it was in this run; undefined where it is not recorded. */
  #resolve(binding: Binding, frames: readonly Frame[]): Value | undefined {
    if ('value' in binding) return { value: binding.value }
    if ('list' in binding) {
      const list = binding.list.map((one) => this.#resolve(one, frames))
      return list.includes(undefined) ? undefined : { list: list as Value[] }
    }
    const around = frames.slice(0, frames.length - (binding.up ?? 0))
    const frame = around.at(-1)!
    if ('index' in binding) return frame.index === undefined ? undefined : { value: frame.index }
    const pick = binding.pick ?? []
    if ('item' in binding) return picked(frame.item, pick)
    if ('node' in binding)
      return picked(own(this.#byPath.get(frame.prefix + binding.node)?.outputs ?? {}, binding.output), pick)
    if (around.length === 1) return picked(own(this.#run.inputs, binding.input), pick)
    const outer = own(frame.inputs ?? {}, binding.input)
    return outer === undefined ? undefined : picked(this.#resolve(outer, around.slice(0, -1)), pick)
  }

  async #itemsOf(value: Value | undefined): Promise<readonly Value[] | undefined> {
    if (value === undefined || 'absent' in value) return undefined
    if ('list' in value) return value.list
    if ('value' in value)
      return Array.isArray(value.value) ? value.value.map((item: Json) => ({ value: item })) : undefined
    const { artifact, pick = [] } = value
    if (artifact.kind === 'list') {
      const items = await this.#reader.list(artifact).catch(() => undefined)
      return items?.map((item) => (item === null ? { absent: true } : { artifact: item }))
    }
    const list = partOf(await this.#dataOf(artifact), pick)
    return Array.isArray(list) ? list.map((_, index) => ({ artifact, pick: [...pick, index] })) : undefined
  }

  async #dataOf(artifact: Artifact): Promise<Json | undefined> {
    if (!this.#data.has(artifact.blob))
      this.#data.set(
        artifact.blob,
        artifact.kind === 'json' || artifact.kind === 'metrics'
          ? await this.#reader.json(artifact).catch(() => undefined)
          : undefined,
      )
    return this.#data.get(artifact.blob)
  }
}

function picked(value: Value | undefined, pick: Pick): Value | undefined {
  if (value === undefined || pick.length === 0 || 'absent' in value) return value
  if ('artifact' in value) return { ...value, pick: [...(value.pick ?? []), ...pick] }
  if ('value' in value) {
    const part = partOf(value.value, pick)
    return part === undefined ? undefined : { value: part }
  }
  const [key, ...rest] = pick
  return typeof key === 'number' ? picked(value.list[key], rest) : undefined
}

/** Reads what the values of a run are by content, and the items of its maps; without a plan it has none. */
export async function contentOf(
  run: RunDetail,
  plan: PlanScope | undefined,
  reader: ContentReader,
): Promise<RunContent> {
  const contents = new Contents(run, reader)
  for (const { inputs, outputs } of run.executions) {
    await contents.readPicked(Object.values(inputs))
    await contents.readPicked(Object.values(outputs))
  }
  await contents.readPicked(Object.values(run.outputs))
  if (plan !== undefined) await contents.visit(plan, [{ prefix: '' }])
  return contents
}
