import type PQueue from 'p-queue'
import type { StoredEvent, Values } from '../record/event.ts'
import type { AttemptOutcome } from './attempt.ts'
import { CommitWriter, type PendingBlob } from './blobs.ts'
import { openRun } from './reduce/state.ts'
import { replay } from './replay.ts'
import type { Needs } from './resource-pool.ts'
import type { RunRequest, RunServices } from './run-request.ts'
import { ValueScopes } from './value-scopes.ts'

/** Runs an attempt once what it needs and a slot are free; an abandoned one keeps its resources until it settles. */
export function inSlot(
  { queue, resources }: { readonly queue: PQueue; readonly resources: RunServices['resources'] },
  needs: Needs,
  signal: AbortSignal,
  attempt: () => Promise<AttemptOutcome>,
): Promise<AttemptOutcome> {
  return new Promise((resolve, reject) => {
    const begin = (release: () => void): void => {
      void queue.add(async () => {
        try {
          const outcome = await attempt()
          if (outcome.ok || outcome.abandoned === undefined) release()
          else void outcome.abandoned.finally(release)
          resolve(outcome)
        } catch (error) {
          release()
          reject(error as Error)
        }
      })
    }
    resources.acquire(needs, begin, signal)
  })
}

/**
 * Gathers a map again: replays the run up to the place where the map was done, in scopes of its own, and stores its
 * lists anew.
 */
export async function gatherAgain(
  request: RunRequest,
  { metadata, store, reader, json }: RunServices,
  map: { readonly node: string; readonly seq: number },
  reading: <T>(node: string, read: () => Promise<T>) => Promise<T>,
): Promise<{ readonly outputs: Values; readonly blobs: readonly PendingBlob[] }> {
  const { plan, program, settings, inputs } = request
  const history: StoredEvent[] = []
  for await (const stored of metadata.events(request.id)) {
    if (stored.seq >= map.seq) break
    history.push(stored)
  }
  const scopes = new ValueScopes(plan.scope, program.pipelines, inputs, json, reader)
  // Nothing starts here: an item is opened when the log comes to it.
  const state = openRun(plan.scope, { failure: settings.failure, failFast: false, window: 1 })
  await replay(state, scopes, new Map(), history, reading)
  return reading(map.node, async () => {
    const blobs = new CommitWriter(store, reader)
    const { outputs } = await scopes.gather(map.node, undefined, blobs)
    return { outputs, blobs: blobs.pending }
  })
}
