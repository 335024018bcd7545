import { after } from '../internal/timer.ts'

/**
 * Waits for what may hang, such as a file system on a network, but not for ever: after a time in milliseconds it gives
 * `late`. What was given up goes on; until it has ended nothing else is waited for, so that the time is paid once.
 */
export class Patience {
  readonly #longest: number
  #late = 0

  constructor(longest: number) {
    this.#longest = longest
  }

  /** Something that was given up has not ended yet. */
  get isOver(): boolean {
    return this.#late > 0
  }

  /** What a promise gives, or `late`; rejects as the promise does before that. */
  wait<T>(promise: Promise<T>): Promise<T | 'late'> {
    if (this.isOver) {
      promise.catch(() => undefined)
      return Promise.resolve('late')
    }
    return new Promise((resolve, reject) => {
      let isLate = false
      const stop = after(this.#longest, () => {
        isLate = true
        this.#late++
        resolve('late')
      })
      const end = (): void => {
        stop()
        if (isLate) this.#late--
      }
      promise.then(
        (value) => {
          end()
          resolve(value)
        },
        (error: unknown) => {
          end()
          reject(error as Error)
        },
      )
    })
  }
}
