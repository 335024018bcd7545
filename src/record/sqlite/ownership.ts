import type { Owner } from '../event.ts'
import { ownerAlive, type Liveness } from '../owner.ts'

/** Whoever drives a run. */
export interface Holder {
  readonly owner: Owner
  readonly liveness: 'alive' | 'unknown'
  /** Whether its lease has expired; that of a living process lasts all the same. */
  readonly expired: boolean
}

/**
 * Judges who drives a run by its lease: nobody when that has no owner, when the owner is dead, or, where that
 * can't be told, when it has expired. An owner is asked for once per judge.
 */
export function ownershipJudge(
  now: number,
  alive: (owner: Owner) => Liveness = ownerAlive,
): (owner: string | null, expiresAt: number | null) => Holder | undefined {
  const known = new Map<string, { readonly owner: Owner; readonly liveness: Liveness }>()
  const look = (text: string): { readonly owner: Owner; readonly liveness: Liveness } => {
    const owner = JSON.parse(text) as Owner
    return { owner, liveness: alive(owner) }
  }
  return (text, expiresAt) => {
    if (text === null) return undefined
    const found = known.get(text) ?? look(text)
    known.set(text, found)
    const { owner, liveness } = found
    const expired = (expiresAt ?? 0) <= now
    if (liveness === 'dead' || (liveness === 'unknown' && expired)) return undefined
    return { owner, liveness, expired }
  }
}
