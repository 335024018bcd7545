import type { Surroundings, Verdict } from '../record/trigger.ts'

/** What a tick does that comes while the run of an earlier one goes on. */
export type Overlap = 'skip' | 'queue' | 'replace'

/** All of them. */
export const overlaps: readonly Overlap[] = ['skip', 'queue', 'replace']

/** Whether a tick starts, waits for its turn, or is skipped. What is made up for always waits for its turn. */
export function judgeOverlap(overlap: Overlap, madeUp: boolean, around: Surroundings): Verdict {
  const { runs, earlier, starting, later } = around
  if (overlap === 'replace' && !madeUp) {
    if (later > 0) return { skip: 'a later tick has replaced it' }
    return runs.length + starting > 0 ? 'wait' : 'start'
  }
  const isFree = runs.length + earlier + starting === 0
  if (isFree) return 'start'
  if (overlap === 'queue' || madeUp) return 'wait'
  return { skip: runs.length > 0 ? `run ${runs[0]} was still going on` : 'an earlier tick was not over' }
}
