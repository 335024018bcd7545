import type { Claims, Lease } from '../record/metadata.ts'
import type { Needs, ResourcePool } from './resource-pool.ts'
import { SharedResources } from './shared-resources.ts'

/** What hands out resources: a pool, or a run's way to it. */
export type Resources = Pick<ResourcePool, 'acquire'>

/** The resources of one run: those of this process first, then what is counted over all processes. */
export class RunResources implements Resources {
  readonly #pool: ResourcePool
  /** Absent where no other process has the workspace open. */
  readonly #shared: SharedResources | undefined

  constructor(pool: ResourcePool, claims: Claims | undefined, lease: Lease) {
    this.#pool = pool
    this.#shared = claims && new SharedResources(claims, pool.capacity, lease)
  }

  acquire(needs: Needs, begin: (release: () => void) => void, signal: AbortSignal): void {
    const shared = this.#shared
    if (shared?.concerns(needs) !== true) return this.#pool.acquire(needs, begin, signal)
    const take = async (release: () => void): Promise<void> => {
      const letGo = await shared.take(needs, signal)
      begin(() => {
        letGo()
        release()
      })
    }
    this.#pool.acquire(needs, (release) => void take(release), signal)
  }
}
