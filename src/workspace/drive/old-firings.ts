import type { MetadataStore } from '../../record/metadata.ts'
import { replayWindow } from '../../schedule/signature.ts'
import type { TriggerSource } from '../../schedule/trigger.ts'
import { keptTrigger } from './declarations.ts'

/**
 * Until when firings of a source may be forgotten; undefined where their keys are what keeps the same from firing again:
 * content, and files, are the same however old they are.
 */
function forgettable(on: TriggerSource, before: number, now: number): number | undefined {
  // What has ended, and versions, are told by the position.
  if ('run' in on || 'model' in on) return before
  // A call that comes again is refused by its timestamp; clocks of callers may be ahead as far as behind.
  return 'call' in on ? Math.min(before, now - 2 * replayWindow) : undefined
}

/** Removes old firings of triggers that nothing is told by any more. Those of schedules are bounded where they fire. */
export async function pruneFirings(
  metadata: Pick<MetadataStore, 'triggers' | 'pruneFirings'>,
  before: number,
  now: number,
): Promise<void> {
  for (const record of await metadata.triggers()) {
    if (!record.origin.startsWith('trigger/')) continue
    const until = forgettable(keptTrigger(record).on, before, now)
    if (until !== undefined) await metadata.pruneFirings(record.origin, until)
  }
}
