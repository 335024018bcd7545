import type PQueue from 'p-queue'
import type { AttemptOutcome } from './attempt.ts'
import type { Needs } from './resource-pool.ts'
import type { Resources } from './run-resources.ts'

/** What ends in a slot, maybe with a function behind it that was given up. */
type Ended = AttemptOutcome | { readonly abandoned?: Promise<void> }

/** Runs an attempt once what it needs and a slot are free; an abandoned one keeps its resources until it settles. */
export function inSlot<T extends Ended>(
  { queue, resources }: { readonly queue: PQueue; readonly resources: Resources },
  needs: Needs,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const begin = (release: () => void): void => {
      void queue.add(async () => {
        try {
          const outcome = await attempt()
          const abandoned = 'abandoned' in outcome ? outcome.abandoned : undefined
          if (abandoned === undefined) release()
          else void abandoned.finally(release)
          resolve(outcome)
        } catch (error) {
          release()
          reject(error as Error)
        }
      })
    }
    resources.acquire(needs, begin, signal)
  })
}
