import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore, BlobWriter } from '../artifact/blob.ts'
import { decodeJson, encodeJson } from '../artifact/json.ts'
import { check, issueLines, type Schema } from '../artifact/schema.ts'
import { guardedBlobs } from '../secret/exposure.ts'
import type { Redactor } from '../secret/redactor.ts'
import { CommitWriter, isLost, type TieredReader } from './blobs.ts'
import { placed } from './error-record.ts'
import type { ExecutionMemory } from './memory.ts'

/** What checkpoints need of their attempt. */
export interface CheckpointHost {
  /** Step and node, for messages. */
  readonly owner: string
  readonly memory: ExecutionMemory
  readonly redactor: Redactor
  readonly store: ArtifactStore
  readonly reader: TieredReader
  /** Throws when the attempt is over. */
  readonly ensureAlive: () => void
  readonly warn: (message: string) => void
}

/** The checkpoints of one attempt. */
export class Checkpoints {
  readonly #host: CheckpointHost
  /** They are saved in the order in which they were given. */
  #saving: Promise<unknown> = Promise.resolve()

  constructor(host: CheckpointHost) {
    this.#host = host
  }

  /** Saves a value; resolves when it is durable. */
  save(value: unknown): Promise<void> {
    const { store, reader, redactor } = this.#host
    const blobs = new CommitWriter(store, reader)
    // What it is now: the step may change it as soon as this returns.
    const encoding = this.#encode(value, guardedBlobs(blobs, redactor))
    const saved = this.#saving.then(async () => {
      const artifact = await encoding
      this.#host.ensureAlive()
      await this.#host.memory.save(artifact, blobs.pending)
    })
    this.#saving = saved.catch(() => undefined)
    return saved
  }

  /** The latest value, parsed by a schema; undefined where there is none that fits. */
  async latest(schema: Schema | undefined): Promise<unknown> {
    const { memory, ensureAlive } = this.#host
    const artifact = await memory.checkpoint()
    ensureAlive()
    if (artifact === undefined) return undefined
    const value = await this.#decode(artifact)
    if (value === undefined || schema === undefined) return value
    const fits = await check(schema, value)
    if (fits.ok) return fits.value
    this.#warnUnused(`it does not fit its schema:\n${issueLines(fits.issues)}`)
    return undefined
  }

  #encode(value: unknown, blobs: BlobWriter): Promise<Artifact> {
    const encoding = this.#encodeValue(value, blobs)
    // Told by what awaits it.
    encoding.catch(() => undefined)
    return encoding
  }

  async #encodeValue(value: unknown, blobs: BlobWriter): Promise<Artifact> {
    try {
      return await (value instanceof Uint8Array
        ? encodeBytes(value, blobs)
        : encodeJson(value, { blobs } as never))
    } catch (error) {
      throw placed(error, `${this.#host.owner}, checkpoint`, {})
    }
  }

  async #decode(artifact: Artifact): Promise<unknown> {
    const { reader } = this.#host
    try {
      return await (artifact.kind === 'json'
        ? decodeJson(artifact, { blobs: reader })
        : reader.bytes(artifact))
    } catch (error) {
      // The step can do without it.
      if (!isLost(error)) throw error
      this.#warnUnused(PipewrightError.isInstance(error) ? error.message : String(error))
      return undefined
    }
  }

  #warnUnused(why: string): void {
    this.#host.warn(`the checkpoint is not used: ${why}`)
  }
}

async function encodeBytes(bytes: Uint8Array, blobs: BlobWriter): Promise<Artifact> {
  const { digest, size } = await blobs.put(Uint8Array.from(bytes))
  return { kind: 'file', digest, blob: digest, size, mediaType: 'application/octet-stream' }
}
