import type PQueue from 'p-queue'
import type { AttemptOutcome } from './attempt.ts'
import type { Needs, ResourcePool } from './resource-pool.ts'

/** Runs an attempt once what it needs and a slot are free; an abandoned one keeps its resources until it settles. */
export function inSlot(
  { queue, resources }: { readonly queue: PQueue; readonly resources: ResourcePool },
  needs: Needs,
  signal: AbortSignal,
  attempt: () => Promise<AttemptOutcome>,
): Promise<AttemptOutcome> {
  return new Promise((resolve, reject) => {
    const begin = (release: () => void): void => {
      void queue.add(async () => {
        try {
          const outcome = await attempt()
          if (outcome.ok || outcome.abandoned === undefined) release()
          else void outcome.abandoned.finally(release)
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
