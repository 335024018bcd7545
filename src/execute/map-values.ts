import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import { own } from '../internal/own.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { BlobReader, BlobWriter } from '../artifact/blob.ts'
import { encodeJson } from '../artifact/json.ts'
import { encodeList, listItems } from '../artifact/list.ts'
import type { PlanMap } from '../plan/document.ts'
import { itemName } from '../plan/node-path.ts'
import type { Value, Values } from '../record/event.ts'
import type { JsonValues } from './json-values.ts'
import { PackedValues } from './packed-values.ts'
import { absent, itemOf, picked } from './picked-value.ts'

/** An item of a map that has failed, as the map tells of it. */
export interface FailedItem {
  readonly key: string
  readonly index: number
  readonly node: string
  readonly error: Json
}

/** The items of a list. */
interface Items {
  readonly count: number
  readonly item: (index: number) => Value
}

/** The items of a map, and what is kept of each until all are gathered. */
export class MapValues {
  readonly count: number
  /** What names the items, where the map has a key. */
  readonly keys: readonly string[] | undefined
  readonly item: (index: number) => Value
  /** Items whose scopes are kept. */
  readonly open = new Set<number>()
  readonly #node: PlanMap
  readonly #json: JsonValues
  readonly #indices: ReadonlyMap<string, number>
  /** Items that have failed, as they may. */
  readonly #failed = new Map<number, FailedItem>()
  readonly #kept: Readonly<Record<string, PackedValues>>
  /** Kept items whose values were not at hand at once. */
  readonly #pending: (() => Promise<void>)[] = []

  private constructor(
    node: PlanMap,
    { count, item }: Items,
    keys: readonly string[] | undefined,
    json: JsonValues,
  ) {
    this.count = count
    this.item = item
    this.keys = keys
    this.#node = node
    this.#json = json
    this.#indices = new Map(keys?.map((key, index) => [key, index]))
    this.#kept = Object.fromEntries(
      Object.keys(node.body.outputs).map((name) => [name, new PackedValues(count)]),
    )
  }

  /** Reads the list of a map; what is no list, and keys that are none, is `INPUT_INVALID`. */
  static async open(
    path: string,
    node: PlanMap,
    list: Value,
    json: JsonValues,
    blobs: BlobReader,
  ): Promise<MapValues> {
    const items = await itemsOf(list, path, json, blobs)
    const keys = node.key === undefined ? undefined : await keysOf(path, node.key, items, json)
    return new MapValues(node, items, keys, json)
  }

  /** How an item is written in paths. */
  nameOf(index: number): string {
    return itemName(this.keys?.[index] ?? index)
  }

  /** What names an item to the user. */
  keyOf(index: number): string {
    return this.keys?.[index] ?? String(index)
  }

  /** The place of an item in the list. */
  indexOf(item: number | string): number {
    return typeof item === 'number' ? item : (this.#indices.get(item) ?? -1)
  }

  /** Keeps an output of an item. */
  keep(output: string, index: number, read: () => Value | Promise<Value>): void {
    const values = this.#kept[output]!
    const value = read()
    if (!(value instanceof Promise)) return values.set(index, value)
    const set = (settled: Value): void => values.set(index, settled)
    const kept = value.then(set)
    // Reported by whoever gathers, who may have had made again what was lost.
    kept.catch(() => undefined)
    this.#pending.push(() => kept.catch(async () => set(await read())))
  }

  /** Keeps the error of an item. */
  drop(failed: FailedItem): void {
    this.#failed.set(failed.index, failed)
  }

  /** A list for each output, of the items that have succeeded, and what is asked of the map itself. */
  async gather(blobs: BlobWriter, current: (value: Value) => Value): Promise<Values> {
    await Promise.all(this.#pending.map((settle) => settle()))
    const outputs: Record<string, Value> = {}
    for (const [name, values] of Object.entries(this.#kept))
      outputs[name] = { artifact: await encodeList(this.#gathered(values, blobs, current), { blobs }) }
    const { reports = [] } = this.#node
    const store = async (value: unknown): Promise<Value> => ({
      artifact: await encodeJson(value, { blobs } as never),
    })
    if (reports.includes('keys')) outputs['keys'] = await store(this.#keptKeys())
    if (reports.includes('failed'))
      outputs['failed'] = await store([...this.#failed.values()].toSorted((a, b) => a.index - b.index))
    return outputs
  }

  /** The values of the items that have succeeded, as artifacts, one by one. */
  async *#gathered(
    values: PackedValues,
    blobs: BlobWriter,
    current: (value: Value) => Value,
  ): AsyncGenerator<Artifact | null> {
    for (let index = 0; index < this.count; index++)
      if (!this.#failed.has(index)) yield this.#asArtifact(current(values.get(index)), blobs)
  }

  /** The keys of the items that have succeeded. */
  #keptKeys(): readonly string[] {
    const keys: string[] = []
    for (let index = 0; index < this.count; index++)
      if (!this.#failed.has(index)) keys.push(this.keyOf(index))
    return keys
  }

  async #asArtifact(value: Value, blobs: BlobWriter): Promise<Artifact | null> {
    if ('absent' in value) return null
    if ('artifact' in value && value.pick === undefined) return value.artifact
    const data = await this.#json.load(value)
    return data === undefined ? null : encodeJson(data, { blobs } as never)
  }
}

async function itemsOf(value: Value, path: string, json: JsonValues, blobs: BlobReader): Promise<Items> {
  if ('list' in value) return { count: value.list.length, item: (index) => value.list[index]! }
  if ('artifact' in value && value.artifact.kind === 'list' && value.pick === undefined) {
    const list = value.artifact
    const items: (Artifact | null)[] = []
    for await (const item of listItems(list, { blobs: blobs })) items.push(item)
    return {
      count: items.length,
      item: (index) => {
        const artifact = items[index]
        return artifact === null || artifact === undefined ? absent : itemOf(list, artifact)
      },
    }
  }
  const data = await json.load(value)
  if (!Array.isArray(data)) {
    throw new PipewrightError(
      'INPUT_INVALID',
      `map '${path}' was given ${data === undefined ? 'nothing' : `a ${data === null ? 'null' : typeof data}`}, not a list`,
      {
        fix: 'wire an output whose value is an array',
        details: { node: path },
      },
    )
  }
  return { count: data.length, item: (index) => picked(value, [index]) }
}

/** What names the items of a map; a value that is no name, or that two share, is `INPUT_INVALID`. */
async function keysOf(
  path: string,
  property: string,
  { count, item }: Items,
  json: JsonValues,
): Promise<readonly string[]> {
  const seen = new Map<string, number>()
  for (let index = 0; index < count; index++) {
    const data = await json.load(item(index))
    const found = own((data ?? {}) as Readonly<Record<string, unknown>>, property)
    const details = { node: path, item: index, key: property }
    if (typeof found !== 'string' && typeof found !== 'number') {
      throw new PipewrightError(
        'INPUT_INVALID',
        `map '${path}': the ${property} of item ${index} is ${JSON.stringify(found) ?? 'missing'}, which is no key`,
        { fix: 'a key is a text or a number: take a property that each item has', details },
      )
    }
    const key = String(found)
    const twin = seen.get(key)
    if (twin !== undefined) {
      throw new PipewrightError(
        'INPUT_INVALID',
        `map '${path}': items ${twin} and ${index} have the same ${property}, ${JSON.stringify(found)}`,
        { fix: 'take a property that tells items apart, or leave the key out', details },
      )
    }
    seen.set(key, index)
  }
  return [...seen.keys()]
}
