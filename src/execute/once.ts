import { AsyncLocalStorage } from 'node:async_hooks'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import type { OnceCall } from '../define/context.ts'
import { refuseExposed } from '../secret/exposure.ts'
import type { Redactor } from '../secret/redactor.ts'
import { placed } from './error-record.ts'
import type { ExecutionMemory } from './memory.ts'

/** What calls need of their attempt. */
export interface CallHost {
  /** Step and node, for messages. */
  readonly owner: string
  readonly memory: ExecutionMemory
  readonly redactor: Redactor
  /** That of the execution. */
  readonly idempotencyKey: string
  readonly signal: AbortSignal
  /** Throws when the attempt is over. */
  readonly ensureAlive: () => void
}

/** The keys of the calls that the code that asks is inside of. */
const inside = new AsyncLocalStorage<readonly string[]>()

/** What the outside knows a call by: the same in all attempts of the execution. */
export function callKey(execution: string, call: string): string {
  return sha256(canonicalJson({ execution, call })).slice(7)
}

/** The calls of one attempt that run once for its execution. */
export class OnceCalls {
  readonly #host: CallHost
  readonly #open = new Map<string, Promise<unknown>>()

  constructor(host: CallHost) {
    this.#host = host
  }

  /** The result of a call: recorded, or of the one that goes on, or made now. */
  call(key: string, run: (call: OnceCall) => unknown): Promise<unknown> {
    const { owner, redactor } = this.#host
    if (typeof key !== 'string' || key === '') {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `${owner}: ctx.once was given ${key === '' ? 'an empty text' : `a ${typeof key}`} as its key`,
        { fix: "name the call by a text that no other call of the step has: ctx.once('charge', …)" },
      )
    }
    refuseExposed(key, redactor, `${owner}, the key of a ctx.once`)
    if (inside.getStore()?.includes(key) === true) {
      throw new PipewrightError('DEFINITION_INVALID', `${owner}: once '${key}' would wait for itself`, {
        fix: 'give the call inside of it a key of its own',
        details: { call: key },
      })
    }
    const open = this.#open.get(key)
    if (open !== undefined) return open
    const calling = this.#call(key, run).finally(() => this.#open.delete(key))
    this.#open.set(key, calling)
    return calling
  }

  async #call(key: string, run: (call: OnceCall) => unknown): Promise<unknown> {
    const { owner, memory, redactor, signal, ensureAlive } = this.#host
    const idempotencyKey = callKey(this.#host.idempotencyKey, key)
    const known = await memory.recall(idempotencyKey)
    ensureAlive()
    if (known !== undefined) return known.result
    signal.throwIfAborted()
    const outer = inside.getStore() ?? []
    const returned = await inside.run([...outer, key], async () => run({ idempotencyKey, signal }))
    // What comes after the attempt was given up is refused, as all that comes from it.
    ensureAlive()
    let result: Json | undefined
    try {
      if (returned !== undefined) result = JSON.parse(canonicalJson(returned)) as Json
      refuseExposed(result, redactor)
    } catch (error) {
      throw placed(error, `${owner}, once '${key}'`, { call: key })
    }
    await memory.keep({ call: key, idempotencyKey, ...(result === undefined ? {} : { result }) })
    return result
  }
}
