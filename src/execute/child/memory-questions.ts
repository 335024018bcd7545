import type { Artifact } from '../../artifact/artifact.ts'
import type { PendingBlob } from '../blobs.ts'
import { revivedError } from '../error-record.ts'
import type { ExecutionMemory, KeptCall } from '../memory.ts'
import type { ChildChannel } from './channel.ts'
import type { MemoryAnswer, MemoryQuestion } from './protocol.ts'
import { fromSmallBlobs, toSmallBlobs } from './small-blobs.ts'

type Answered = Exclude<MemoryAnswer, { readonly error: unknown }>

/** The memory of an execution whose attempt runs in this process: its parent is asked. */
export class AskedMemory implements ExecutionMemory {
  readonly #open = new Map<number, (answer: MemoryAnswer) => void>()
  readonly #channel: ChildChannel
  readonly #onBlobs: (blobs: readonly PendingBlob[]) => void
  #asked = 0

  /** `onBlobs` takes the small blobs of what is answered. */
  constructor(channel: ChildChannel, onBlobs: (blobs: readonly PendingBlob[]) => void) {
    this.#channel = channel
    this.#onBlobs = onBlobs
  }

  /** Takes what the parent has answered. */
  answer(answer: MemoryAnswer): void {
    this.#open.get(answer.number)?.(answer)
    this.#open.delete(answer.number)
  }

  async recall(idempotencyKey: string): Promise<KeptCall | undefined> {
    return (await this.#ask({ type: 'recall', idempotencyKey })).call
  }

  async keep(call: KeptCall): Promise<void> {
    await this.#ask({ type: 'keep', call })
  }

  async checkpoint(): Promise<Artifact | undefined> {
    const { artifact, small = {} } = await this.#ask({ type: 'checkpoint' })
    this.#onBlobs(fromSmallBlobs(small))
    return artifact
  }

  async save(artifact: Artifact, blobs: readonly PendingBlob[]): Promise<void> {
    this.#onBlobs(blobs)
    await this.#ask({ type: 'save', artifact, small: toSmallBlobs(blobs) })
  }

  #ask(asked: MemoryQuestion): Promise<Answered> {
    const number = ++this.#asked
    return new Promise<Answered>((resolve, reject) => {
      this.#open.set(number, (answer) => {
        if ('error' in answer) reject(revivedError(answer.error))
        else resolve(answer)
      })
      this.#channel.send({ type: 'memory', number, asked })
    })
  }
}
