import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Json } from '../internal/json.ts'
import type { StepContext } from '../define/context.ts'
import type { ContextName, HostMessage, WorkerMessage } from './protocol.ts'
import { Exchange, uncarried } from './worker-values.ts'

/** What a worker asks in the name of its attempt, and waits for. */
export type WorkerQuestion = Extract<
  WorkerMessage,
  { type: 'checkpoint' | 'restored' | 'context' | 'secret' | 'once' }
>

type Answer = { value: Json } | { file: string } | { bytes: string } | Record<never, never>

/** A call of `once` that the worker was told to make. */
interface Call {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** A folder of the attempt's own for what is too long for a message; it goes with the attempt's folder. */
export const exchangeFolder = '.pipewright'

/** Answers what a worker asks in an attempt. */
export class WorkerQuestions {
  readonly #context: StepContext
  readonly #answer: (message: HostMessage) => void
  readonly #calls = new Map<number, Call>()
  #hasEnded = false

  constructor(context: StepContext, answer: (message: HostMessage) => void) {
    this.#context = context
    this.#answer = answer
  }

  /** Answers when what was asked is known, or durable; never throws. */
  async take(question: WorkerQuestion): Promise<void> {
    const { ask } = question
    try {
      this.#answer({ type: 'answer', ask, ...(await this.#answerTo(question)) })
    } catch (error) {
      this.#answer({ type: 'answer', ask, error: (error as Error).message })
    }
  }

  /** The worker has made a call of `once`. */
  async called(message: Extract<WorkerMessage, { type: 'called' }>): Promise<void> {
    const call = this.#calls.get(message.ask)
    this.#calls.delete(message.ask)
    if ('failed' in message) call?.reject(new Error(message.failed))
    else await uncarried(message).then(call?.resolve, call?.reject)
  }

  /** The function has ended: calls that it has left open give nothing any more. */
  end(): void {
    this.#hasEnded = true
    for (const { reject } of this.#calls.values()) reject(endedBefore())
    this.#calls.clear()
  }

  async #answerTo(question: WorkerQuestion): Promise<Answer> {
    const context = this.#context
    switch (question.type) {
      case 'context':
        return { value: contextValue(context, question.name) }
      case 'secret':
        return { value: await context.secret(question.name as never) }
      case 'once': {
        const { key, ask } = question
        // Another ask for a key whose call goes on gets the result of that call.
        const result = await context.once(key, ({ idempotencyKey }) => {
          // By now the process may serve another attempt.
          if (this.#hasEnded) throw endedBefore()
          const called = new Promise<unknown>((resolve, reject) => this.#calls.set(ask, { resolve, reject }))
          this.#answer({ type: 'answer', ask, call: { idempotencyKey } })
          return called
        })
        return result === undefined ? {} : this.#exchange().carried(result)
      }
      case 'checkpoint':
        await context.checkpoint(
          'bytes' in question ? await readFile(question.bytes) : ((await uncarried(question)) as Json),
        )
        return {}
      case 'restored': {
        const saved = await context.restored()
        if (saved === undefined) return {}
        return saved instanceof Uint8Array
          ? { bytes: await this.#exchange().write('checkpoint', [saved]) }
          : this.#exchange().carried(saved)
      }
    }
  }

  #exchange(): Exchange {
    return new Exchange(join(this.#context.workdir, exchangeFolder))
  }
}

function endedBefore(): Error {
  return new Error('the function has ended before the call had given its result')
}

function contextValue(context: StepContext, name: ContextName): Json {
  const { [name]: value } = context
  return typeof value === 'object' ? { ...value } : value
}
