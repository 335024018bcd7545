import type { Json } from '../internal/json.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import type { Checkpoint } from '../define/context.ts'
import type { PendingBlob, TieredReader } from '../execute/blobs.ts'
import { Redactor } from '../secret/redactor.ts'
import { Checkpoints } from '../execute/checkpoints.ts'
import { PassingMemory, type KeptCall } from '../execute/memory.ts'
import { callKey } from '../execute/once.ts'

/** What a test says that earlier attempts have left. */
export interface Earlier {
  readonly once?: Readonly<Record<string, Json>>
  readonly checkpoint?: Checkpoint
}

/** The memory of a step that is tested. */
export interface TestMemory {
  readonly memory: PassingMemory
  /** What calls of this attempt gave; null for nothing. */
  readonly made: () => Record<string, Json>
  readonly checkpoint: () => Promise<Checkpoint | undefined>
}

/** Makes the memory of a step that is tested. */
export async function testMemory(
  owner: string,
  { once = {}, checkpoint }: Earlier,
  idempotencyKey: string,
  services: {
    readonly store: ArtifactStore
    readonly reader: TieredReader
    readonly commit: (blobs: readonly PendingBlob[]) => void
  },
): Promise<TestMemory> {
  const given = new Map<string, KeptCall>()
  for (const [call, result] of Object.entries(once)) {
    const key = callKey(idempotencyKey, call)
    given.set(key, { call, idempotencyKey: key, result })
  }
  const earlier = { recall: (key: string) => Promise.resolve(given.get(key)) }
  const memory = new PassingMemory(earlier, services.commit)
  const nothing = (): void => undefined
  const checkpoints = new Checkpoints({
    owner,
    memory,
    redactor: new Redactor(),
    ...services,
    ensureAlive: nothing,
    warn: nothing,
  })
  if (checkpoint !== undefined) await checkpoints.save(checkpoint)
  return {
    memory,
    made: () =>
      Object.fromEntries([...memory.calls.values()].map(({ call, result }) => [call, result ?? null])),
    checkpoint: async () => (await checkpoints.latest(undefined)) as Checkpoint | undefined,
  }
}
