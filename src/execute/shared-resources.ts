import { sha256, type Digest } from '../internal/digest.ts'
import type { Claims, Lease } from '../record/metadata.ts'
import { pause } from './abortable.ts'
import { perProcess, type Capacity, type Needs } from './resource-pool.ts'

/** How often what other processes hold is looked at, in milliseconds. */
const shortest = 20
const longest = 500

/**
 * Named resources over all processes that have the workspace open: each unit is a claim of the run that holds it, so that
 * what a dead process held is free again. A fraction counts as a whole unit.
 */
export class SharedResources {
  readonly #claims: Claims
  readonly #capacity: Capacity
  readonly #lease: Lease
  /** Units that this run holds: to whom has a claim it is granted again. */
  readonly #mine = new Set<Digest>()

  constructor(claims: Claims, capacity: Capacity, lease: Lease) {
    this.#claims = claims
    this.#capacity = capacity
    this.#lease = lease
  }

  /** Whether any of these is counted over processes. */
  concerns(needs: Needs): boolean {
    return [...needs.keys()].some((name) => !perProcess.has(name))
  }

  /** Waits until all of it is free, and holds it; gives what lets go of it. Nothing is held once the signal is aborted. */
  async take(needs: Needs, signal: AbortSignal): Promise<() => void> {
    for (let wait = shortest; ; wait = Math.min(wait * 1.5, longest)) {
      if (signal.aborted) return () => undefined
      const held: Digest[] = []
      const letGo = (): void => {
        for (const key of held.splice(0)) {
          this.#mine.delete(key)
          this.#claims.release(key, this.#lease)
        }
      }
      let isAll = true
      // In the order of names, so that of two that need the same ones one gets both.
      for (const [name, amount] of [...needs].toSorted(([a], [b]) => (a < b ? -1 : 1)))
        isAll &&= perProcess.has(name) || (await this.#takeUnits(name, Math.ceil(amount), held))
      if (isAll) return letGo
      letGo()
      await pause(wait, signal)
    }
  }

  async #takeUnits(name: string, amount: number, held: Digest[]): Promise<boolean> {
    const units = Math.floor(this.#capacity[name] ?? 0)
    let missing = Math.min(amount, units)
    for (let unit = 0; unit < units && missing > 0; unit++) {
      const key = sha256(`resource ${JSON.stringify(name)} ${unit}`)
      if (this.#mine.has(key)) continue
      this.#mine.add(key)
      if (await this.#claims.claim(key, this.#lease)) {
        missing--
        held.push(key)
      } else this.#mine.delete(key)
    }
    return missing === 0
  }
}
