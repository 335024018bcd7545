import type { RunEvent } from './event.ts'

/** An output that came out otherwise when a reused execution was recomputed. */
export interface Mismatch {
  readonly node: string
  /** The step, which is not deterministic. */
  readonly step: string
  /** Null when the step threw. */
  readonly output: string | null
  /** Where the outputs first differ, or what was thrown. */
  readonly difference: string
}

/** What verifying a sample of the hits of a run has found. */
export interface RunVerification {
  /** How many hits were recomputed and compared. */
  readonly verified: number
  readonly mismatches: readonly Mismatch[]
}

/** Folds what was verified from the events of a run. */
export function verificationOf(events: Iterable<RunEvent>): RunVerification {
  let verified = 0
  const mismatches: Mismatch[] = []
  for (const event of events) {
    if (event.type !== 'node.verified') continue
    verified++
    const { node, step } = event
    for (const { output, difference } of event.differences)
      mismatches.push({ node, step, output, difference })
  }
  return { verified, mismatches }
}
