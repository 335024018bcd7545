import type { Clock } from '../internal/clock.ts'
import { milliseconds, type Duration } from '../internal/duration.ts'

/** Timers of the engine are real work's opposite: this many turns of the event loop without any, and nothing is going on. */
const quietTurns = 8

/** As they are now: a test may put fake ones in their place. */
const nextTurn = setImmediate

interface Timer {
  readonly due: number
  readonly order: number
  readonly call: () => void
}

/**
 * How a {@link TestClock} is made.
 *
 * @example
 * ```ts
 * const clock = testClock({ now: '2026-02-28T23:59:00Z', skip: false })
 * ```
 */
export interface TestClockOptions {
  /** What it shows first. Default 2026-01-01T00:00:00Z. */
  readonly now?: Date | string
  /**
   * Whether time skips to the next timer as soon as nothing else can go on. Default true; with false it passes by
   * {@link TestClock.advance} alone.
   */
  readonly skip?: boolean
}

/**
 * A clock for tests: it stands still while work is done, and skips to what waits when nothing else goes on. Waits of
 * the engine (backoff, timeouts, grace, ages of cache entries) take no real time, and always end in the same order.
 * Timers that a step sets itself (`setTimeout`) are not its own: they take the time that they take.
 *
 * @example
 * ```ts
 * const clock = testClock({ skip: false })
 * clock.after(60_000, () => console.log('a minute has passed'))
 * await clock.advance('1m') // prints it
 * new Date(clock.now()) // 2026-01-01T00:01:00.000Z
 * ```
 */
export class TestClock implements Clock {
  readonly #skips: boolean
  #now: number
  #timers: Timer[] = []
  #order = 0
  #busy = 0
  #isLooking = false
  #turns = 0

  constructor({ now = '2026-01-01T00:00:00Z', skip = true }: TestClockOptions = {}) {
    this.#now = new Date(now).getTime()
    this.#skips = skip
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#now
  }

  /** Calls a function when so many milliseconds have passed on this clock; gives the function that prevents it. */
  after(ms: number, call: () => void): () => void {
    const timer = { due: this.#now + ms, order: this.#order++, call }
    this.#timers.push(timer)
    this.#look()
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /**
   * Stands still until a promise is settled.
   *
   * @example
   * ```ts
   * const clock = testClock()
   * const text = await clock.during(readFile('test/ten-rows.csv', 'utf8')) // takes no time of the test
   * ```
   */
  async during<T>(work: Promise<T>): Promise<T> {
    const release = this.hold()
    try {
      return await work
    } finally {
      release()
    }
  }

  /**
   * Stands still until the function that it gives is called.
   *
   * @example
   * ```ts
   * const goOn = kit.clock.hold()
   * // … no timeout of the engine ends meanwhile …
   * goOn()
   * ```
   */
  hold(): () => void {
    this.#busy++
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#busy--
      this.#look()
    }
  }

  /**
   * Lets time pass: what is due meanwhile happens, in order. Throws `DEFINITION_INVALID` for what is no duration.
   *
   * @example
   * ```ts
   * await using kit = await testWorkspace({ clock: testClock({ skip: false }) })
   * await kit.run(tumours, { csv: 'test/ten-rows.csv' })
   * await kit.clock.advance('2d') // cache entries are two days old
   * ```
   */
  async advance(duration: Duration): Promise<void> {
    const until = this.#now + milliseconds(duration, 'advance')
    for (;;) {
      await turns(quietTurns)
      const [next] = this.#timers.toSorted(earlier)
      if (next === undefined || next.due > until) break
      this.#fire(next)
    }
    this.#now = Math.max(this.#now, until)
    await turns(quietTurns)
  }

  /** Looks for a moment in which nothing goes on, if something waits for one. */
  #look(): void {
    this.#turns = 0
    if (!this.#skips || this.#isLooking) return
    this.#isLooking = true
    const turn = (): void => {
      if (this.#busy > 0 || this.#timers.length === 0) {
        this.#isLooking = false
        return
      }
      if (++this.#turns > quietTurns) {
        this.#turns = 0
        this.#fire(this.#timers.toSorted(earlier)[0]!)
      }
      nextTurn(turn)
    }
    nextTurn(turn)
  }

  #fire(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer)
    this.#now = Math.max(this.#now, timer.due)
    timer.call()
  }
}

function earlier(a: Timer, b: Timer): number {
  return a.due - b.due || a.order - b.order
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => nextTurn(resolve))
}

/**
 * Makes a {@link TestClock}.
 *
 * @example
 * ```ts
 * const clock = testClock({ now: '2026-02-28T23:59:00Z' })
 * const run = await testPipeline(tumours, { csv: 'test/ten-rows.csv' }, { clock })
 * ```
 */
export function testClock(options: TestClockOptions = {}): TestClock {
  return new TestClock(options)
}
