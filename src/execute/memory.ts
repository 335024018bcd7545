import type { Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { RecordedCall, RunEvent } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { PendingBlob } from './blobs.ts'

/** A call that has given its result. */
export type KeptCall = Pick<RecordedCall, 'call' | 'idempotencyKey' | 'result'>

/** What an execution remembers over its attempts: the port behind `ctx.once` and `ctx.checkpoint`. */
export interface ExecutionMemory {
  /** A call that has given its result, by the idempotency key that its function was handed. */
  recall(idempotencyKey: string): Promise<KeptCall | undefined>
  /** Resolves when a call that has given its result is durable. */
  keep(call: KeptCall): Promise<void>
  /** The latest checkpoint. */
  checkpoint(): Promise<Artifact | undefined>
  /** Resolves when a checkpoint is durable. */
  save(artifact: Artifact, blobs: readonly PendingBlob[]): Promise<void>
}

/** The execution that a memory is of, and the attempt that writes to it. */
export interface MemoryPlace {
  readonly run: string
  readonly node: string
  readonly attempt: number
  /** The cache key of the attempt. */
  readonly key: Digest | null
}

/** A memory in the record of a run. */
export class RecordedMemory implements ExecutionMemory {
  readonly #metadata: Pick<MetadataStore, 'call' | 'checkpoint'>
  readonly #place: MemoryPlace
  readonly #append: (event: RunEvent, blobs: readonly PendingBlob[]) => Promise<void>
  #isMixed = false

  constructor(
    metadata: Pick<MetadataStore, 'call' | 'checkpoint'>,
    place: MemoryPlace,
    append: (event: RunEvent, blobs: readonly PendingBlob[]) => Promise<void>,
  ) {
    this.#metadata = metadata
    this.#place = place
    this.#append = append
  }

  /**
   * What was remembered comes from an attempt with another cache key, of other code or other things outside: the result
   * is not what this key stands for.
   */
  get isMixed(): boolean {
    return this.#isMixed
  }

  async recall(idempotencyKey: string): Promise<KeptCall | undefined> {
    const { run, node } = this.#place
    return this.#used(await this.#metadata.call(run, node, idempotencyKey))
  }

  keep(call: KeptCall): Promise<void> {
    const { node, key } = this.#place
    return this.#append({ type: 'call.succeeded', node, ...call, key }, [])
  }

  async checkpoint(): Promise<Artifact | undefined> {
    const { run, node } = this.#place
    return this.#used(await this.#metadata.checkpoint(run, node))?.artifact
  }

  save(artifact: Artifact, blobs: readonly PendingBlob[]): Promise<void> {
    const { node, attempt, key } = this.#place
    return this.#append({ type: 'checkpoint.saved', node, attempt, artifact, key }, blobs)
  }

  #used<T extends { readonly key: Digest | null }>(found: T | undefined): T | undefined {
    if (found !== undefined && found.key !== this.#place.key) this.#isMixed = true
    return found
  }
}

/** A memory of one attempt that is recorded nowhere; `earlier` has the calls that do not run again. */
export class PassingMemory implements ExecutionMemory {
  readonly calls = new Map<string, KeptCall>()
  readonly #earlier: Pick<ExecutionMemory, 'recall'> | undefined
  readonly #onSave: (blobs: readonly PendingBlob[]) => void
  #latest: Artifact | undefined

  constructor(
    earlier?: Pick<ExecutionMemory, 'recall'>,
    onSave: (blobs: readonly PendingBlob[]) => void = () => undefined,
  ) {
    this.#earlier = earlier
    this.#onSave = onSave
  }

  async recall(idempotencyKey: string): Promise<KeptCall | undefined> {
    return this.calls.get(idempotencyKey) ?? (await this.#earlier?.recall(idempotencyKey))
  }

  keep(call: KeptCall): Promise<void> {
    this.calls.set(call.idempotencyKey, call)
    return Promise.resolve()
  }

  checkpoint(): Promise<Artifact | undefined> {
    return Promise.resolve(this.#latest)
  }

  save(artifact: Artifact, blobs: readonly PendingBlob[]): Promise<void> {
    this.#onSave(blobs)
    this.#latest = artifact
    return Promise.resolve()
  }
}
