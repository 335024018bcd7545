import type { Digest } from '../internal/digest.ts'
import type { Claims, Lease } from '../record/metadata.ts'
import { pause } from './abortable.ts'

/** How often a claim of another process is looked at, in milliseconds: seldom where it takes long. */
const shortest = 20
const longest = 500

/** Waits until no other process executes a key, and claims it; `aborted`, without a claim, when the signal comes first. */
export async function claimed(
  claims: Claims,
  key: Digest,
  lease: Lease,
  signal: AbortSignal,
  onWait: () => void,
): Promise<'claimed' | 'aborted'> {
  for (let wait = shortest; !(await claims.claim(key, lease)); wait = Math.min(wait * 1.5, longest)) {
    if (signal.aborted) return 'aborted'
    onWait()
    await pause(wait, signal)
    if (signal.aborted) return 'aborted'
  }
  return 'claimed'
}
