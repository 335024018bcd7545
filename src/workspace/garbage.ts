import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { milliseconds, type Duration } from '../internal/duration.ts'
import type { Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { Blob } from '../artifact/blob.ts'
import { listItems } from '../artifact/list.ts'
import { isLost, TieredReader } from '../execute/blobs.ts'
import { environmentsIn } from '../python/environment/environment-folder.ts'
import { removeOldEnvironments, type MadeEnvironment } from '../python/environment/old-environments.ts'
import type { Values, Value } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { RunRecord } from '../record/records.ts'
import { pruneFirings } from './drive/old-firings.ts'
import type { WorkspaceParts } from './parts.ts'
import { markShared } from './shared-garbage.ts'

/** Blobs that were written, stored again or hit so lately may belong to a run that has not recorded them yet. */
const spared = 60 * 60 * 1_000

/**
 * What to collect.
 *
 * @example
 * ```ts
 * await pw.gc({ olderThan: '30d', resumableOlderThan: '90d', sharedOlderThan: '180d' })
 * ```
 */
export interface GarbageOptions {
  /** Runs that ended longer ago than this are removed; pinned ones and those of registered models are kept. */
  readonly olderThan: Duration
  /** Also runs that could be resumed (failed, cancelled, interrupted) past this age. Default: the same as `olderThan`. */
  readonly resumableOlderThan?: Duration
  /** Only tells what would be removed. */
  readonly dryRun?: boolean
  /** Blobs used more lately are kept. Default 1 hour; less than half of it is for when nothing runs. */
  readonly spare?: Duration
  /**
   * Of a shared store also removes entries that were made, and blobs that were used, longer ago than this, as far as
   * no other entry and nothing of this workspace names them; what only the runs and models of others name is theirs to
   * lose. Default: blobs and entries of a shared store are kept.
   */
  readonly sharedOlderThan?: Duration
  /**
   * Python environments that were made of requirements and not used for longer than this are removed, half-made ones too; one
   * that was used within the last 10 minutes stays. Default: the same as `olderThan`.
   */
  readonly environmentsOlderThan?: Duration
}

/** What was, or would be, removed. */
export interface GarbageReport {
  readonly dryRun: boolean
  readonly runs: readonly string[]
  readonly cacheEntries: number
  readonly blobs: number
  /** Of the blobs. */
  readonly bytes: number
  /** Python environments, with the bytes that each takes. */
  readonly environments: readonly MadeEnvironment[]
}

async function allRuns(metadata: MetadataStore): Promise<RunRecord[]> {
  const runs: RunRecord[] = []
  let after: string | undefined
  do {
    const page = await metadata.runs({
      orderBy: 'startedAt',
      limit: 1_000,
      ...(after === undefined ? {} : { after }),
    })
    runs.push(...page.items)
    after = page.next
  } while (after !== undefined)
  return runs
}

function* artifactsIn(values: Values | readonly Value[]): Generator<Artifact> {
  for (const value of Object.values<Value>(values as Values)) {
    if ('artifact' in value) yield value.artifact
    else if ('list' in value) yield* artifactsIn(value.list)
  }
}

/** Collects what nothing needs: mark from the kept runs, models and cache entries, then sweep. */
export async function collectGarbage(
  { metadata, store, folder }: Pick<WorkspaceParts, 'metadata' | 'store' | 'folder'>,
  options: GarbageOptions,
): Promise<GarbageReport> {
  const now = Date.now()
  const age = milliseconds(options.olderThan, 'olderThan')
  const resumableAge = milliseconds(options.resumableOlderThan ?? options.olderThan, 'resumableOlderThan')
  const spare = options.spare === undefined ? spared : milliseconds(options.spare, 'spare')
  const models = await metadata.modelVersions()
  const ofModels = new Set(models.map(({ run }) => run))
  const untouchedSince = now - spare
  const environmentAge = milliseconds(
    options.environmentsOlderThan ?? options.olderThan,
    'environmentsOlderThan',
  )
  const sharedAge = options.sharedOlderThan
  const sharedSince = sharedAge === undefined ? 0 : now - milliseconds(sharedAge, 'sharedOlderThan')
  const removed = new Map<string, RunRecord>()
  const kept: string[] = []
  for (const run of await allRuns(metadata)) {
    const limit = run.state === 'succeeded' ? age : resumableAge
    const active = run.state === 'running' || run.state === 'waiting'
    const old = (run.finishedAt ?? run.startedAt) < now - limit
    if (old && !active && !run.pinned && !ofModels.has(run.id)) removed.set(run.id, run)
    else kept.push(run.id)
  }
  const marked = new Set<Digest>()
  const reader = new TieredReader(metadata, store)
  const mark = async (artifact: Artifact): Promise<void> => {
    if (marked.has(artifact.blob)) return
    marked.add(artifact.blob)
    for (const part of artifact.parts ?? []) marked.add(part)
    if (artifact.kind !== 'list') return
    try {
      for await (const item of listItems(artifact, { blobs: reader })) if (item !== null) await mark(item)
    } catch (error) {
      // A list that nobody can read any more must not keep everything else from being collected.
      if (!isLost(error)) throw error
    }
  }
  for (const run of kept) {
    const detail = await metadata.detail(run)
    if (detail !== undefined)
      for (const digest of [detail.plan, ...Object.values(detail.reached), ...Object.values(detail.texts)])
        marked.add(digest)
    for await (const artifact of metadata.artifactsOfRun(run)) await mark(artifact)
  }
  for (const { artifact } of models) await mark(artifact)
  const cacheKeys: Digest[] = []
  for await (const entry of metadata.cacheEntries()) {
    if (removed.has(entry.run)) cacheKeys.push(entry.key)
    else for (const artifact of [...artifactsIn(entry.outputs), ...entry.facts.reports]) await mark(artifact)
  }
  const { entries } = store
  const shared = entries && sharedSince > 0 ? await markShared(entries, sharedSince, reader, mark) : undefined
  // Other workspaces use what this one knows nothing of.
  const sweptSince = entries === undefined ? untouchedSince : Math.min(untouchedSince, sharedSince)
  const sweeps = entries === undefined || shared?.isComplete === true
  const large: Blob[] = []
  const small: Blob[] = []
  if (sweeps)
    for await (const { digest, size, touchedAt } of store.list())
      if (!marked.has(digest) && touchedAt <= sweptSince) large.push({ digest, size })
  for await (const { digest, size, at } of metadata.smallBlobs())
    if (!marked.has(digest) && at <= untouchedSince) small.push({ digest, size })
  const reportOf = (blobs: readonly Blob[]): Pick<GarbageReport, 'cacheEntries' | 'blobs' | 'bytes'> => ({
    cacheEntries: cacheKeys.length + (shared?.stale.length ?? 0),
    blobs: blobs.length,
    bytes: blobs.reduce((sum, { size }) => sum + size, 0),
  })
  const dryRun = options.dryRun === true
  const environments = await removeOldEnvironments(environmentsIn(folder), now - environmentAge, dryRun)
  if (dryRun) return { dryRun, runs: [...removed.keys()], ...reportOf([...large, ...small]), environments }
  await pruneFirings(metadata, now - age, now)
  const { kept: changed } = await metadata.remove({
    runs: [...removed.values()],
    blobs: small.map(({ digest }) => digest),
    cacheKeys,
    untouchedSince,
  })
  for (const run of changed) removed.delete(run)
  const runs = [...removed.keys()]
  for (const run of runs) {
    for (const part of ['logs', 'work', 'outputs'])
      await rm(join(folder, part, run), { recursive: true, force: true })
  }
  // A run that was taken up again or pinned meanwhile may need any of the blobs.
  if (changed.length > 0) return { dryRun: false, runs, cacheEntries: 0, blobs: 0, bytes: 0, environments }
  // What was used since it was listed stays: a run may have found it by its key meanwhile.
  const gone = [...small]
  // An entry goes before what it names: whoever finds it meanwhile finds all of it, or makes it again.
  for (const key of shared?.stale ?? []) await entries!.delete(key)
  for (const blob of large) if (await store.delete(blob.digest, sweptSince)) gone.push(blob)
  return { dryRun: false, runs, ...reportOf(gone), environments }
}
