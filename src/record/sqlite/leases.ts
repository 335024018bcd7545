import type { Owner } from '../event.ts'
import type { Acquired, Lease } from '../metadata.ts'
import { ownerAlive, type Liveness } from '../owner.ts'
import type { Statements } from './statements.ts'
import type { GroupWriter } from './writer.ts'

/** How long a lease lasts without a heartbeat, in milliseconds. */
export const leaseTtl = 15_000

/** The time between heartbeats, in milliseconds. */
export const heartbeatInterval = 3_000

interface Held {
  readonly fence: number
  readonly owner: Owner | null
  readonly heartbeatAt: number
  readonly expiresAt: number
  readonly cancelRequested: string | null
}

function read(to: Statements, run: string): Held | undefined {
  const row = to.lease.get({ run })
  if (row === undefined) return undefined
  return {
    fence: row['fence'] as number,
    owner: row['owner'] === null ? null : (JSON.parse(row['owner'] as string) as Owner),
    heartbeatAt: row['heartbeat_at'] as number,
    expiresAt: row['expires_at'] as number,
    cancelRequested: row['cancel_requested'] as string | null,
  }
}

/** What {@link acquireLease} needs to know beside the run. */
export interface Acquisition {
  readonly owner: Owner
  readonly evict: { readonly fence: number } | 'any' | undefined
  readonly now: () => number
  readonly ttl: number
  readonly alive?: (owner: Owner) => Liveness
}

/**
 * Takes a run that nobody drives: one without an owner, with a dead one, or, where that can't be told, with one
 * whose lease has expired. A process that is known to live keeps its run even when its lease has expired.
 */
export function acquireLease(
  writer: GroupWriter,
  to: Statements,
  run: string,
  { owner, evict, now, ttl, alive = ownerAlive }: Acquisition,
): Promise<Acquired> {
  return writer.write((): Acquired => {
    const held = read(to, run)
    const at = now()
    if (held !== undefined && held.owner !== null && evict !== 'any' && evict?.fence !== held.fence) {
      const liveness = alive(held.owner)
      const expired = held.expiresAt <= at
      if (liveness === 'alive' || (liveness === 'unknown' && !expired))
        return { ok: false, owner: held.owner, heartbeatAt: held.heartbeatAt, expired, liveness }
    }
    const fence = (held?.fence ?? 0) + 1
    to.putLease.run({ run, fence, owner: JSON.stringify(owner), now: at, expires_at: at + ttl })
    writer.leaseChanged(run)
    return { ok: true, lease: { run, fence }, cancelRequested: held?.cancelRequested ?? null }
  })
}

/** Ends an ownership, after all that was appended under it. */
export function releaseLease(writer: GroupWriter, to: Statements, { run, fence }: Lease): Promise<void> {
  return writer.write(() => {
    to.releaseLease.run({ run, fence })
    writer.leaseChanged(run)
  })
}
