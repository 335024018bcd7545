import { setTimeout as sleep } from 'node:timers/promises'
import { isBusy } from './failure.ts'

/** How long a lock is waited for, in milliseconds. */
export const patience = 30_000

/** The wait before a retry: 1 to 25 ms at random, shorter at first, so that contenders fall out of step. */
export function jitter(attempt: number): number {
  return 1 + Math.random() * Math.min(24, 2 ** Math.min(attempt, 6))
}

/** Does something as soon as no lock is in its way; the thread never sleeps meanwhile. */
export async function whenFree<T>(attempt: () => T | Promise<T>, wait: number = patience): Promise<T> {
  const start = performance.now()
  for (let tries = 0; ; tries++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isBusy(error) || performance.now() - start > wait) throw error
    }
    await sleep(jitter(tries))
  }
}
