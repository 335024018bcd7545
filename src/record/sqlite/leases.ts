import type { Owner } from '../event.ts'
import type { Acquired, Lease } from '../metadata.ts'
import type { Liveness } from '../owner.ts'
import { ownershipJudge } from './ownership.ts'
import type { Statements } from './statements.ts'
import type { GroupWriter } from './writer.ts'

/** How long a lease lasts without a heartbeat, in milliseconds. */
export const leaseTtl = 15_000

/** The time between heartbeats, in milliseconds. */
export const heartbeatInterval = 3_000

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
  { owner, evict, now, ttl, alive }: Acquisition,
): Promise<Acquired> {
  return writer.write((): Acquired => {
    const held = to.lease.get({ run })
    const fence = (held?.['fence'] as number | undefined) ?? 0
    const at = now()
    if (held !== undefined && evict !== 'any' && evict?.fence !== fence) {
      const holder = ownershipJudge(at, alive)(held['owner'] as string | null, held['expires_at'] as number)
      if (holder !== undefined) return { ok: false, ...holder, heartbeatAt: held['heartbeat_at'] as number }
    }
    const lease = { run, fence: fence + 1 }
    to.putLease.run({ ...lease, owner: JSON.stringify(owner), now: at, expires_at: at + ttl })
    writer.leaseChanged(run)
    const cancelRequested = (held?.['cancel_requested'] as string | null | undefined) ?? null
    return { ok: true, lease, cancelRequested }
  })
}

/** Ends an ownership, after all that was appended under it. */
export function releaseLease(writer: GroupWriter, to: Statements, { run, fence }: Lease): Promise<void> {
  return writer.write(() => {
    to.releaseLease.run({ run, fence })
    writer.leaseChanged(run)
  })
}

/** Whether a run is driven under a lease, by a process that lives or (where that can't be told) may live. */
export function isHeld(to: Statements, { run, fence }: Lease, now: number): boolean {
  const row = to.lease.get({ run })
  if (row === undefined || row['fence'] !== fence) return false
  return ownershipJudge(now)(row['owner'] as string | null, row['expires_at'] as number | null) !== undefined
}
