import type { NotNull } from 'kysely'
import type { Digest } from '../../internal/digest.ts'
import type { ChosenRun, Removed } from '../metadata.ts'
import type { ModelVersion } from '../records.ts'
import { appendWorkspace } from './append.ts'
import { ownershipJudge } from './ownership.ts'
import { pageSize, type Reader } from './reader.ts'
import type { GroupWriter } from './writer.ts'

/** What garbage collection asks to remove. */
export interface Removal {
  readonly runs: readonly ChosenRun[]
  readonly blobs: readonly Digest[]
  readonly cacheKeys: readonly Digest[]
  readonly untouchedSince?: number
}

function isOwned(reader: Reader, run: string, now: number): boolean {
  const lease = reader.statements.lease.get({ run })
  if (lease === undefined) return false
  return (
    ownershipJudge(now)(lease['owner'] as string | null, lease['expires_at'] as number | null) !== undefined
  )
}

/** Whether a run is no longer what it was when it was chosen: resumed, ended anew, pinned, removed. */
function hasChanged(reader: Reader, { id, state, finishedAt }: ChosenRun): boolean {
  const [row] = reader.now(
    reader.db
      .selectFrom('runs')
      .leftJoin('pins', 'pins.run', 'runs.id')
      .select(['runs.state', 'runs.finished_at', 'pins.run as pin'])
      .where('runs.id', '=', id),
  )
  // That a run was interrupted is not in the database: it is a running one without an owner.
  const recorded = state === 'interrupted' ? 'running' : state
  return row?.state !== recorded || row.finished_at !== finishedAt || row.pin !== null
}

/** Tells whether a run made a registered model. Models are only ever added: they are read again when there are more. */
function registrations(reader: Reader): (run: string) => boolean {
  const { db } = reader
  let known = 0
  let runs = new Set<string | null>()
  return (run) => {
    const [counted] = reader.now(
      db.selectFrom('model_versions').select((eb) => eb.fn.countAll<number>().as('n')),
    )
    if (counted!.n !== known) {
      const rows = reader.now(db.selectFrom('model_versions').select('data'))
      runs = new Set(rows.map(({ data }) => (JSON.parse(data) as Pick<ModelVersion, 'run'>).run))
      known = rows.length
    }
    return runs.has(run)
  }
}

const ofExecution = ['attempts', 'edges', 'params', 'metrics'] as const
const ofRun = [
  'executions',
  'calls',
  'checkpoints',
  'tags',
  'run_inputs',
  'environments',
  'leases',
  'pins',
  'events',
] as const

function deleteRun(reader: Reader, run: string): void {
  const { db } = reader
  reader.now(
    db
      .deleteFrom('cache_entries')
      .where(
        'key',
        'in',
        db
          .selectFrom('executions')
          .select('key')
          .where('run', '=', run)
          .where('key', 'is not', null)
          .$narrowType<{ key: NotNull }>(),
      )
      .where('event', 'in', db.selectFrom('events').select('seq').where('run', '=', run)),
  )
  for (const table of ofExecution) {
    const numbers = db.selectFrom('executions').select('number').where('run', '=', run)
    reader.now(db.deleteFrom(table).where('execution', 'in', numbers))
  }
  for (const table of ofRun) reader.now(db.deleteFrom(table).where('run', '=', run))
  reader.now(db.deleteFrom('runs').where('id', '=', run))
}

/** Artifacts that no edge, run input or registered model names any more. */
function deleteOrphans(reader: Reader): void {
  const { db, statements } = reader
  reader.now(
    db
      .deleteFrom('artifacts')
      .where('number', 'not in', db.selectFrom('edges').select('artifact'))
      .where('number', 'not in', db.selectFrom('run_inputs').select('artifact'))
      .where('digest', 'not in', db.selectFrom('model_versions').select('digest')),
  )
  statements.bumpCounter.run({ name: 'lineage' })
}

/**
 * Removes runs one by one, each in a transaction; then, unless a run had to be kept, the entries and blobs.
 * Marking takes its time: whether a run may go is decided again in the transaction that removes it.
 */
export async function remove(
  writer: GroupWriter,
  reader: Reader,
  { runs, blobs, cacheKeys, untouchedSince = Number.MAX_SAFE_INTEGER }: Removal,
  now: () => number,
): Promise<Removed> {
  const kept: string[] = []
  const hasModel = registrations(reader)
  for (const run of runs) {
    const removed = await writer.write(() => {
      if (isOwned(reader, run.id, now()) || hasChanged(reader, run) || hasModel(run.id)) return false
      deleteRun(reader, run.id)
      return true
    })
    if (!removed) kept.push(run.id)
  }
  if (kept.length < runs.length) await writer.write(() => deleteOrphans(reader))
  if (kept.length > 0) return { kept }
  if (cacheKeys.length > 0) await forget(writer, reader, cacheKeys, now)
  for (let at = 0; at < blobs.length; at += pageSize) {
    const page = blobs.slice(at, at + pageSize)
    await writer.write(() => {
      reader.now(reader.db.deleteFrom('blobs').where('digest', 'in', page).where('at', '<=', untouchedSince))
    })
  }
  return { kept }
}

/** Forgets cache entries; the log remembers that, so that `rebuild` does not bring them back. */
export function forget(
  writer: GroupWriter,
  { statements }: Reader,
  keys: readonly Digest[],
  now: () => number,
): Promise<void> {
  return writer.write(() => {
    const known = keys.filter((key) => statements.cached.get({ key }) !== undefined)
    if (known.length > 0) appendWorkspace(statements, now(), { type: 'cache.forgotten', keys: known })
  })
}
