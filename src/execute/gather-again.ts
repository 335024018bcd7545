import type { RunEvent, StoredEvent } from '../record/event.ts'
import type { ExecutionRecord } from '../record/records.ts'
import { CommitWriter, type PendingBlob } from './blobs.ts'
import { otherContent, type Refusal } from './lost-errors.ts'
import { replayedScopes, type ReplayReading } from './replayed-scopes.ts'
import type { RunRequest, RunServices } from './run-request.ts'

/** A map's lists, made again, as they are to be recorded. */
interface Gathered {
  readonly event: Omit<RunEvent & { readonly type: 'node.repaired' }, 'lost'>
  readonly blobs: readonly PendingBlob[]
}

/**
 * Gathers a map again: replays the run up to the place where the map was done, in scopes of its own, and stores its
 * lists anew. `reading` has made again what is lost on the way.
 */
export async function gatherAgain(
  request: RunRequest,
  { metadata, store, reader, json, clock }: RunServices,
  { node, outputs: recorded }: ExecutionRecord,
  { seq }: { readonly seq: number },
  { reading, current }: ReplayReading,
): Promise<Gathered | { readonly refusal: Refusal }> {
  const startedAt = clock.now()
  const history: StoredEvent[] = []
  for await (const stored of metadata.events(request.id)) {
    if (stored.seq >= seq) break
    history.push(stored)
  }
  const scopes = await replayedScopes(request, { json, reader }, history, { reading, current })
  return reading(node, async () => {
    // What is refused is recorded nowhere.
    const blobs = new CommitWriter(store, reader.apart())
    const { outputs } = await scopes.gather(node, undefined, blobs)
    const refusal = otherContent(`map '${node}'`, recorded, outputs)
    if (refusal !== undefined) return { refusal }
    const made = { node, step: null, attempt: 0, startedAt, outputs, key: null }
    return { event: { type: 'node.repaired', ...made }, blobs: blobs.pending }
  })
}
