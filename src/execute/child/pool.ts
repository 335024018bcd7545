import { PipewrightError } from '../../internal/error.ts'
import { revivedError } from '../error-record.ts'
import type { Child, ChildEnd, ChildSettings } from './child.ts'
import type { ChildBoot } from './protocol.ts'

/** How long children are kept. */
export interface PoolSettings {
  /** A child has served so many attempts when another one takes its place. */
  readonly recycleAfter: number
  /** How long one that does nothing is kept, in milliseconds. */
  readonly idle: number
  /** How many that do nothing are kept. */
  readonly most: number
}

/** A child of a pool, with what it is good for. */
interface Kept {
  readonly child: Child
  readonly key: string
  served: number
  timer: NodeJS.Timeout | undefined
}

/** Milliseconds that a child has to close what steps have opened. */
const lastGrace = 2_000

/** What a child must be, to be given an attempt. */
export interface Wanted {
  readonly settings: ChildSettings
  readonly boot: ChildBoot
}

/** Threads or processes that are kept warm: starting one, and loading code in it, is paid once. */
export class ChildPool {
  readonly #start: (settings: ChildSettings) => Child
  readonly #settings: PoolSettings
  /** Those that do nothing, the last used last. */
  readonly #idle: Kept[] = []
  readonly #busy = new Set<Kept>()
  /** Those that are closing what steps have opened. */
  readonly #ending = new Set<Promise<void>>()
  #isClosed = false

  constructor(start: (settings: ChildSettings) => Child, settings: PoolSettings) {
    this.#start = start
    this.#settings = settings
  }

  /**
   * Lends a child to some work, which tells whether it is still good afterwards; the work is told whether it is the first
   * that the child does.
   */
  async lend<T>(
    { settings, boot }: Wanted,
    work: (child: Child, isFirst: boolean) => Promise<{ readonly result: T; readonly isGood: boolean }>,
  ): Promise<T> {
    if (this.#isClosed) throw new PipewrightError('WORKSPACE_CLOSED', 'the workspace was closed')
    const kept = this.#take(JSON.stringify([settings, boot])) ?? this.#begin(settings, boot)
    this.#busy.add(kept)
    kept.child.hold(true)
    let isGood = false
    try {
      const done = await work(kept.child, kept.served === 0)
      isGood = done.isGood
      return done.result
    } finally {
      kept.child.listener = undefined
      this.#busy.delete(kept)
      if (isGood && !this.#isClosed && ++kept.served < this.#settings.recycleAfter) this.#keep(kept)
      else if (isGood) this.#end(kept)
      else kept.child.kill()
    }
  }

  /** Ends all children; those that work are killed. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { child } of this.#busy) child.kill()
    const killed = [...this.#busy].map(({ child }) => child.ended)
    for (const kept of this.#idle.splice(0)) this.#end(kept)
    await Promise.all([...killed, ...this.#ending])
  }

  #take(key: string): Kept | undefined {
    const at = this.#idle.findLastIndex((kept) => kept.key === key)
    if (at < 0) return undefined
    const [kept] = this.#idle.splice(at, 1)
    clearTimeout(kept!.timer)
    return kept
  }

  #begin(settings: ChildSettings, boot: ChildBoot): Kept {
    const child = this.#start(settings)
    const kept: Kept = { child, key: JSON.stringify([settings, boot]), served: 0, timer: undefined }
    // One that ends by itself while nobody uses it is not given to anybody.
    void child.ended.then(() => {
      const at = this.#idle.indexOf(kept)
      if (at >= 0) this.#idle.splice(at, 1)
    })
    child.send(boot)
    return kept
  }

  #keep(kept: Kept): void {
    kept.child.hold(false)
    this.#idle.push(kept)
    kept.timer = setTimeout(() => {
      const at = this.#idle.indexOf(kept)
      if (at < 0) return
      this.#idle.splice(at, 1)
      this.#end(kept)
    }, this.#settings.idle).unref()
    while (this.#idle.length > this.#settings.most) this.#end(this.#idle.shift()!)
  }

  #end({ child, timer }: Kept): void {
    clearTimeout(timer)
    child.hold(true)
    child.send({ type: 'end' })
    const late = setTimeout(() => child.kill('grace'), lastGrace)
    const ending = child.ended.then(() => {
      clearTimeout(late)
      this.#ending.delete(ending)
    })
    this.#ending.add(ending)
  }
}

/** Starts a child for one use: resolves when it is ready, throws what it refuses with. */
export async function readyChild(child: Child, boot: ChildBoot): Promise<ChildEnd | undefined> {
  const ready = new Promise<undefined>((resolve, reject) => {
    child.listener = {
      message: (message) => {
        if (message.type === 'ready') resolve(undefined)
        else if (message.type === 'refused') reject(revivedError(message.error))
      },
      printed: () => undefined,
    }
  })
  child.send(boot)
  return Promise.race([ready, child.ended])
}
