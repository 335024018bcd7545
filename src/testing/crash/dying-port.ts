/** When a process dies: at which of its store operations, and whether that one still happens. */
export interface Death {
  /** The number of the operation, from 1. */
  readonly at: number
  /** `before`: it does not happen; `after`: it happens, and nobody is told. */
  readonly when: 'before' | 'after'
}

/** The store operations of a process, counted, up to its death. */
export class Operations {
  readonly #death: Death | undefined
  readonly #onDeath: () => void
  #count = 0
  #isDead = false

  /** `onDeath` is called once; from then on no operation happens, and none is answered. */
  constructor(death: Death | undefined, onDeath: () => void) {
    this.#death = death
    this.#onDeath = onDeath
  }

  get count(): number {
    return this.#count
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** Does an operation, unless the process is dead. */
  async do<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isDead) return silence()
    const number = ++this.#count
    const isLast = number === this.#death?.at
    if (isLast && this.#death.when === 'before') this.#die()
    if (this.#isDead) return silence()
    const result = await work()
    if (isLast) this.#die()
    // What ends after the death of the process, nobody hears of.
    return this.#isDead ? silence() : result
  }

  #die(): void {
    if (this.#isDead) return
    this.#isDead = true
    this.#onDeath()
  }
}

/** What a dead process answers. */
function silence(): Promise<never> {
  return new Promise(() => undefined)
}

/** A store whose operations are those of a process that may die; what gives no promise (streams, cursors) is none. */
export function dyingPort<Port extends object>(port: Port, operations: Operations): Port {
  return new Proxy(port, {
    get(target, name): unknown {
      const member = (target as Readonly<Record<PropertyKey, unknown>>)[name]
      if (typeof member !== 'function' || name === 'close') return member
      const method = member as (...args: unknown[]) => unknown
      return (...args: unknown[]): unknown => {
        if (!isAsynchronous.has(name as string)) return method.apply(target, args)
        return operations.do(() => method.apply(target, args) as Promise<unknown>)
      }
    },
  })
}

/** The operations of artifact and metadata stores that answer with a promise. */
const isAsynchronous: ReadonlySet<string> = new Set([
  'put',
  'putStream',
  'putFile',
  'bytes',
  'copyTo',
  'has',
  'touch',
  'append',
  'acquire',
  'release',
  'requestCancel',
  'post',
  'posted',
  'cached',
  'blob',
  'touchBlobs',
  'lastEvent',
  'runByKey',
  'detail',
  'executionAt',
  'registerModel',
])
