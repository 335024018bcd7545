import { EventEmitter } from 'node:events'
import { join, parse } from 'node:path'
import { Kysely } from 'kysely'
import type { MetadataStore } from '../metadata.ts'
import { append } from './append.ts'
import { SqliteClaims } from './claims.ts'
import { sqliteDialect } from './dialect.ts'
import type { SqliteDriver } from './driver.ts'
import type { SqliteEngine } from './engine.ts'
import { cached, touchBlobs } from './cached.ts'
import { artifactsOfRun, cacheEntries, eventsOf, lastEventOf, smallBlobs } from './events.ts'
import { executionAt, executionsByNumber, executionsOf, executionsOfStep } from './executions.ts'
import { translate } from './failure.ts'
import { Heartbeat } from './heartbeat.ts'
import { acquireLease, heartbeatInterval, isHeld, leaseTtl, releaseLease } from './leases.ts'
import {
  artifactsByDigest,
  artifactsByNumber,
  artifactsByPrefix,
  edgesAfter,
  edgesOf,
  edgesWithin,
  lineageGeneration,
} from './lineage.ts'
import { RunListeners } from './listeners.ts'
import { callOf, checkpointOf } from './memory.ts'
import { migrate } from './migrate.ts'
import { openConnection } from './open.ts'
import { post, postedTo, waitingRuns } from './posted.ts'
import { Reader } from './reader.ts'
import { rebuild } from './rebuild.ts'
import { modelVersions, registerModel } from './registry.ts'
import { forget, remove } from './removal.ts'
import { listRuns, runByKey, runDetail, runsByPrefix } from './runs.ts'
import type { MetadataTables } from './schema.ts'
import { createStatements } from './statements.ts'
import { triggerStore } from './triggers.ts'
import { GroupWriter } from './writer.ts'

/** How a metadata database is opened; the defaults are right but in tests. */
export interface SqliteMetadataOptions {
  /** Default: Node's own from 22.13 on, else libsql. */
  readonly engine?: SqliteEngine
  /** The clock of leases and registrations. */
  readonly now?: () => number
  /** Milliseconds between heartbeats, and of a lease without one. */
  readonly lease?: { readonly interval: number; readonly ttl: number }
  /** How long another process's lock is waited for, in milliseconds; default 30 s. */
  readonly patience?: number
}

/** A metadata store in one SQLite database. */
export interface SqliteMetadata extends MetadataStore {
  readonly path: string
  readonly engine: SqliteEngine
  /** Folds all projections from the events again. */
  rebuild(): Promise<void>
}

/** Leaves the database in one file, as far as nobody else uses it: libsql's own close does not. */
function checkpoint(driver: SqliteDriver): void {
  try {
    driver.exec('pragma wal_checkpoint(truncate)')
  } catch {
    // The log is as good a place.
  }
}

/** Beside the database: `metadata.sqlite` has `metadata.claims.sqlite`. */
function claimsPath(path: string): string {
  const { dir, name, ext } = parse(path)
  return join(dir, `${name}.claims${ext}`)
}

/**
 * Opens (and makes, and migrates) the metadata database at a path, or a private one in memory for `:memory:`.
 *
 * Any number of processes may have it open. Throws `WORKSPACE_NEWER`, `WORKSPACE_CORRUPT`, `STORE_READ_ONLY` or
 * `CONFIG_INVALID` (a network file system).
 */
export async function openSqliteMetadata(
  path: string,
  options: SqliteMetadataOptions = {},
): Promise<SqliteMetadata> {
  const now = options.now ?? Date.now
  const timing = options.lease ?? { interval: heartbeatInterval, ttl: leaseTtl }
  const driver = await openConnection(path, options.engine)
  const db = new Kysely<MetadataTables>({ dialect: sqliteDialect(driver) })
  try {
    await migrate(driver, db as unknown as Kysely<unknown>, undefined, now)
  } catch (error) {
    driver.close()
    throw translate(error, path)
  }
  const statements = createStatements(driver, db)
  const writer = new GroupWriter(driver, statements, options.patience)
  const reader = new Reader(driver, db, statements)
  const cancels = new RunListeners<string>()
  const posts = new EventEmitter().setMaxListeners(0)
  const losses = new RunListeners<Parameters<Parameters<MetadataStore['onLost']>[1]>[0]>()
  const heartbeat =
    path === ':memory:'
      ? undefined
      : new Heartbeat(driver, timing, (report) => {
          if (report.type === 'cancel') cancels.tell(report.run, report.reason)
          else losses.tell(report.run, { run: report.run, fence: report.fence })
        })
  const claims =
    path === ':memory:'
      ? undefined
      : new SqliteClaims(claimsPath(path), driver.engine, (lease) =>
          reader.read(() => isHeld(statements, lease, now())),
        )
  let closing: Promise<void> | undefined

  const store: SqliteMetadata = {
    path,
    engine: driver.engine,
    ...(claims === undefined ? {} : { claims }),
    append: async (event, lease) => append(writer, statements, event, lease),
    flush: () => writer.flush(),
    events: (run, after = 0) => eventsOf(reader, run, after),
    lastEvent: (run) => lastEventOf(reader, run),

    acquire: async (run, owner, evict) => {
      const acquired = await acquireLease(writer, statements, run, { owner, evict, now, ttl: timing.ttl })
      if (acquired.ok) {
        cancels.reset(run)
        losses.reset(run)
        heartbeat?.watch(acquired.lease)
      }
      return acquired
    },
    release: (lease) => {
      heartbeat?.unwatch(lease)
      return releaseLease(writer, statements, lease)
    },
    requestCancel: async (run, reason) => {
      await store.append({ run, at: now(), event: { type: 'run.cancel-requested', reason } })
      cancels.tell(run, reason)
    },
    onCancelRequested: (run, listener) => cancels.add(run, listener),
    onLost: (run, listener) => losses.add(run, listener),
    post: async (run, event) => {
      const result = await post(writer, reader, run, event, now)
      if (result === 'posted') posts.emit(run)
      return result
    },
    posted: (run, after) => postedTo(reader, run, after),
    onPosted: (run, listener) => {
      posts.on(run, listener)
      return () => void posts.off(run, listener)
    },
    waiting: () => waitingRuns(reader, now()),

    call: (run, node, idempotencyKey) => callOf(reader, run, node, idempotencyKey),
    checkpoint: (run, node) => checkpointOf(reader, run, node),

    cached: (key) => cached(writer, reader, key, now()),
    forget: (key) => forget(writer, reader, [key], now),
    blob: async (digest) => {
      const row = await reader.read(() => statements.blob.get({ digest }))
      return row?.['bytes'] as Uint8Array | undefined
    },
    touchBlobs: (digests) => touchBlobs(writer, reader, digests, now()),
    dropBlob: (digest, bytes) => writer.write(() => void statements.dropBlob.run({ digest, bytes })),

    runs: (query = {}) => listRuns(reader, query, now()),
    runsByPrefix: (prefix) => runsByPrefix(reader, prefix, now()),
    runByKey: (pipeline, key) => runByKey(reader, pipeline, key, now()),
    detail: (run) => runDetail(reader, run, now()),
    executions: (run) => executionsOf(reader, run),
    pin: (run, pinned) =>
      writer.write(() => {
        reader.now(
          pinned ? db.replaceInto('pins').values({ run }) : db.deleteFrom('pins').where('run', '=', run),
        )
      }),

    artifacts: async (digest) => (await artifactsByDigest(reader, digest)).map(({ artifact }) => artifact),
    artifactsByPrefix: (prefix) => artifactsByPrefix(reader, prefix),
    artifactNumbers: async (digest) => (await artifactsByDigest(reader, digest)).map(({ number }) => number),
    edges: (after = 0) => edgesAfter(reader, after),
    edgesOf: (side, numbers) => edgesOf(reader, side, numbers),
    edgesWithin: (run, artifacts) => edgesWithin(reader, run, artifacts),
    lineageGeneration: () => lineageGeneration(reader),
    executionsOf: (step, before, limit) => executionsOfStep(reader, step, before, limit),
    executionAt: (run, node) => executionAt(reader, run, node),
    executionsByNumber: (numbers) => executionsByNumber(reader, numbers),
    artifactsByNumber: (numbers) => artifactsByNumber(reader, numbers),

    registerModel: (entry, alias) => registerModel(writer, reader, entry, alias, now),
    modelVersions: (name) => modelVersions(reader, name),

    ...triggerStore(writer, reader),

    remove: (request) => remove(writer, reader, request, now),
    cacheEntries: () => cacheEntries(reader),
    smallBlobs: () => smallBlobs(reader),
    artifactsOfRun: (run) => artifactsOfRun(reader, run),

    rebuild: () => rebuild(writer, reader),
    close: () =>
      (closing ??= (async () => {
        await writer.close()
        await claims?.close()
        reader.close()
        await heartbeat?.close()
        checkpoint(driver)
        driver.close()
      })()),
  }
  return store
}
