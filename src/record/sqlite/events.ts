import type { Artifact } from '../../artifact/artifact.ts'
import type { StoredEvent } from '../event.ts'
import type { CacheEntry } from '../metadata.ts'
import { decodeEvent } from './codec.ts'
import { artifactsIn } from './project-edges.ts'
import { pageSize, type Reader } from './reader.ts'

/** The events of a run after a place in the log, in order. */
export async function* eventsOf(reader: Reader, run: string, after: number): AsyncGenerator<StoredEvent> {
  for (let place = after; ;) {
    const rows = await reader.all(
      reader.db
        .selectFrom('events')
        .select(['seq', 'at', 'format', 'data'])
        .where('run', '=', run)
        .where('seq', '>', place)
        .orderBy('seq')
        .limit(pageSize),
    )
    for (const { seq, at, format, data } of rows)
      yield { seq, run, at, event: decodeEvent(format, data, run) }
    if (rows.length < pageSize) return
    place = rows.at(-1)!.seq
  }
}

/** The place of the last event of a run in the log; 0 when there is none. */
export async function lastEventOf(reader: Reader, run: string): Promise<number> {
  const [row] = await reader.all(
    reader.db
      .selectFrom('events')
      .select(({ fn }) => fn.max('seq').as('seq'))
      .where('run', '=', run),
  )
  return row?.seq ?? 0
}

/**
 * Every artifact that the events of a run name, each once per content, kind and stored bytes; of checkpoints those that
 * an attempt could still go on from.
 */
export async function* artifactsOfRun(reader: Reader, run: string): AsyncGenerator<Artifact> {
  const seen = new Set<string>()
  const checkpoints = new Map<string, Artifact>()
  for await (const { event } of eventsOf(reader, run, 0)) {
    if (event.type === 'checkpoint.saved') checkpoints.set(event.node, event.artifact)
    else if (event.type === 'node.succeeded') checkpoints.delete(event.node)
    const values =
      event.type === 'run.started'
        ? [event.inputs]
        : event.type === 'node.succeeded'
          ? [event.inputs, event.outputs]
          : event.type === 'run.finished' || event.type === 'node.repaired'
            ? [event.outputs]
            : []
    const artifacts = values.flatMap((named) => artifactsIn(named).map(({ artifact }) => artifact))
    if (event.type === 'node.succeeded' || event.type === 'node.repaired' || event.type === 'attempt.failed')
      artifacts.push(...(event.facts?.reports ?? []))
    for (const artifact of artifacts) {
      const key = `${artifact.kind} ${artifact.digest} ${artifact.blob}`
      if (seen.has(key)) continue
      seen.add(key)
      yield artifact
    }
  }
  yield* checkpoints.values()
}

/** What an event that filled a cache entry says of it. */
export function toCacheEntry(row: {
  readonly key: CacheEntry['key']
  readonly run: string
  readonly at: number
  readonly format: number
  readonly data: string
}): CacheEntry | undefined {
  const event = decodeEvent(row.format, row.data, row.run)
  if (event.type !== 'node.succeeded' && event.type !== 'node.repaired') return undefined
  const { key, run, at } = row
  return {
    key,
    run,
    node: event.node,
    at,
    startedAt: (event.type === 'node.repaired' ? event.now : undefined) ?? event.startedAt,
    outputs: event.outputs,
    facts: event.facts ?? { metrics: {}, params: {}, reports: [] },
  }
}

/** Every cache entry. */
export async function* cacheEntries(reader: Reader): AsyncGenerator<CacheEntry> {
  for (let place = ''; ;) {
    const rows = await reader.all(
      reader.db
        .selectFrom('cache_entries as entry')
        .innerJoin('events', 'events.seq', 'entry.event')
        .select(['entry.key', 'events.run', 'events.at', 'events.format', 'events.data'])
        .where('entry.key', '>', place as CacheEntry['key'])
        .orderBy('entry.key')
        .limit(pageSize),
    )
    for (const row of rows) {
      const entry = toCacheEntry(row)
      if (entry !== undefined) yield entry
    }
    if (rows.length < pageSize) return
    place = rows.at(-1)!.key
  }
}

/** Every small blob with its size and time. */
export async function* smallBlobs(
  reader: Reader,
): AsyncGenerator<{ readonly digest: CacheEntry['key']; readonly size: number; readonly at: number }> {
  for (let place = ''; ;) {
    const rows = await reader.all(
      reader.db
        .selectFrom('blobs')
        .select(['digest', 'size', 'at'])
        .where('digest', '>', place as CacheEntry['key'])
        .orderBy('digest')
        .limit(pageSize),
    )
    yield* rows
    if (rows.length < pageSize) return
    place = rows.at(-1)!.digest
  }
}
