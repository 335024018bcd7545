import type { Digest } from '../internal/digest.ts'
import { own } from '../internal/own.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { listItems } from '../artifact/list.ts'
import type { RunEvent, StoredEvent, Value, Values } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import { isLost } from './blobs.ts'
import { blobsOf } from './entry-blobs.ts'
import { artifactsOf } from './lost.ts'

/** A node of a run that made a blob. */
export interface Maker {
  readonly node: string
  /** Null for a map that gathered it. */
  readonly step: string | null
  /** The place of its success in the log. */
  readonly seq: number
}

type Success = RunEvent & { readonly type: 'node.succeeded' }

/** Which nodes of a run made which blobs, as its record tells; read when it is first asked for, and on from there. */
export class Makers {
  readonly #run: string
  readonly #metadata: Pick<MetadataStore, 'flush' | 'events' | 'executionAt'>
  readonly #blobs: BlobReader
  readonly #makers = new Map<Digest, Maker[]>()
  /** What holds items of its own, and was not looked into yet. */
  readonly #lists: { readonly list: Artifact; readonly maker: Maker }[] = []
  /** By the blobs of artifacts that were made again with other bytes: what is there now. */
  readonly #replaced = new Map<Digest, Artifact>()
  #after = 0
  #reading: Promise<void> = Promise.resolve()

  constructor(
    run: string,
    metadata: Pick<MetadataStore, 'flush' | 'events' | 'executionAt'>,
    blobs: BlobReader,
  ) {
    this.#run = run
    this.#metadata = metadata
    this.#blobs = blobs
  }

  /** The nodes that made a blob before a place in the log, the first one first. */
  async of(digest: Digest, before = Infinity): Promise<readonly Maker[]> {
    await this.#readOn()
    if (!this.#makers.has(digest)) await this.#lookIntoLists()
    return (this.#makers.get(digest) ?? []).filter(({ seq }) => seq < before)
  }

  /** The artifact that has taken the place of one with this blob, of the same content in other bytes. */
  replaced(blob: Digest): Artifact | undefined {
    return this.#replaced.get(blob)
  }

  /** Values as they are stored now. */
  current(values: Values): Values {
    return this.#replaced.size === 0 ? values : this.#currentOf(values)
  }

  /** A value as it is stored now. */
  currentValue(value: Value): Value {
    return this.#replaced.size === 0 ? value : this.#currentValue(value)
  }

  #currentOf(values: Values): Values {
    const current: Record<string, Value> = {}
    for (const [name, value] of Object.entries(values)) current[name] = this.#currentValue(value)
    return current
  }

  #currentValue(value: Value): Value {
    if ('list' in value) return { list: value.list.map((item) => this.#currentValue(item)) }
    return 'artifact' in value ? { ...value, artifact: this.#currentArtifact(value.artifact) } : value
  }

  #currentArtifact(artifact: Artifact): Artifact {
    for (const blob of blobsOf(artifact)) {
      const found = this.#replaced.get(blob)
      if (found?.kind === artifact.kind && found.digest === artifact.digest) return found
    }
    return artifact
  }

  /** One after the other: what was read is not read twice. */
  #readOn(): Promise<void> {
    const reading = this.#reading.then(() => this.#readEvents())
    this.#reading = reading.catch(() => undefined)
    return reading
  }

  async #readEvents(): Promise<void> {
    await this.#metadata.flush()
    for await (const stored of this.#metadata.events(this.#run, this.#after)) {
      const { event } = stored
      if (event.type === 'node.succeeded') this.#add(stored, event)
      else if (event.type === 'node.repaired') await this.#replace(event)
      this.#after = stored.seq
    }
  }

  #add({ seq }: StoredEvent, event: Success): void {
    const { node, step, gathers } = event
    // A branch or a sub-pipeline hands on what others made.
    if (step === null && gathers === undefined) return
    const maker = { node, step, seq }
    const taken = new Set([...artifactsOf(event.inputs)].flatMap(blobsOf))
    for (const artifact of artifactsOf(event.outputs)) {
      // What it was given it cannot make again.
      for (const blob of blobsOf(artifact)) if (!taken.has(blob)) this.#note(blob, maker)
      if (artifact.kind === 'list' && !taken.has(artifact.blob)) this.#lists.push({ list: artifact, maker })
    }
  }

  #note(blob: Digest, maker: Maker): void {
    const known = this.#makers.get(blob)
    if (known === undefined) this.#makers.set(blob, [maker])
    else known.push(maker)
  }

  async #replace({ node, outputs }: RunEvent & { readonly type: 'node.repaired' }): Promise<void> {
    const execution = await this.#metadata.executionAt(this.#run, node)
    for (const [name, before] of Object.entries(execution?.outputs ?? {})) {
      const after = own(outputs, name)
      if (!('artifact' in before) || after === undefined || !('artifact' in after)) continue
      const now = new Set(blobsOf(after.artifact))
      for (const blob of blobsOf(before.artifact))
        if (!now.has(blob)) this.#replaced.set(blob, after.artifact)
    }
  }

  /** Items of lists that steps returned, and values that maps stored as they gathered; others have makers of their own. */
  async #lookIntoLists(): Promise<void> {
    // It grows while it is gone through.
    for (const { list, maker } of this.#lists) {
      try {
        for await (const item of listItems(list, { blobs: this.#blobs })) {
          if (item === null) continue
          for (const blob of blobsOf(item)) if (!this.#makers.has(blob)) this.#note(blob, maker)
          if (item.kind === 'list') this.#lists.push({ list: item, maker })
        }
      } catch (error) {
        // Its own pages are lost: whoever reads them asks for these first.
        if (!isLost(error)) throw error
      }
    }
    this.#lists.length = 0
  }
}
