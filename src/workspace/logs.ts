import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogLevel } from '../execute/context.ts'
import { fileName } from '../execute/step-work.ts'
import { matcher } from '../plan/select.ts'
import type { RunEvent } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { ExecutionRecord } from '../record/records.ts'
import { goesOn } from './follow.ts'
import { Segment, type LogLine } from './segment.ts'

/**
 * Which lines of a run's logs are read.
 *
 * @example
 * ```ts
 * for await (const { node, message } of pw.logs(run.id, { node: 'trials[*]/train', level: 'warn' }))
 *   console.log(`${node}: ${message}`)
 * ```
 */
export interface LogOptions {
  /** A node, or a pattern: `trials[*]/train`, `**`. Default: all. */
  readonly node?: string
  /** The least important level that is given. Default `debug`: all. */
  readonly level?: LogLevel
  /** Goes on until the run ends, whichever process drives it. Default false. */
  readonly follow?: boolean
  /** Ends following. */
  readonly signal?: AbortSignal
}

/** What reading logs needs of a workspace. */
export interface LogSource {
  readonly metadata: Pick<MetadataStore, 'events' | 'executions' | 'runsByPrefix'>
  /** The folder of the workspace. */
  readonly folder: string
}

/** How often a run is looked at that goes on, in milliseconds. */
const poll = 250
const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** The lines that the steps of a run have logged, in the order of their times. */
export async function* readLogs(
  source: LogSource,
  run: string,
  options: LogOptions,
): AsyncGenerator<LogLine> {
  const isWanted = options.node === undefined ? () => true : matcher(options.node)
  const least = levels.indexOf(options.level ?? 'debug')
  const lines =
    options.follow === true ? followed(source, run, isWanted, options) : merged(source, run, isWanted)
  for await (const line of lines) if (levels.indexOf(line.level) >= least) yield line
}

function segmentOf(folder: string, run: string, node: string, attempt: number, log?: string): Segment {
  const path = log ?? join('logs', run, `${fileName(node)}-${attempt}.ndjson`)
  return new Segment(join(folder, path), node, attempt)
}

function segmentsOf(folder: string, run: string, { node, attempts }: ExecutionRecord) {
  return (
    attempts
      // An attempt that runs, or was lost with its process, has not said where it logs.
      .filter(({ log, end }) => log !== null || end === null || end === 'interrupted')
      .map(({ number, startedAt, log }) => ({
        startedAt,
        segment: segmentOf(folder, run, node, number, log ?? undefined),
      }))
  )
}

/**
 * The logs of those who have taken effects back: their attempts are none of the executions, and are numbered after these.
 * Only failed runs have any.
 */
async function undoSegments(
  { metadata, folder }: LogSource,
  run: string,
  isWanted: (node: string) => boolean,
): Promise<readonly { readonly startedAt: number; readonly segment: Segment }[]> {
  const begun = new Map<string, number>()
  const [record] = await metadata.runsByPrefix(run)
  if (record?.state === 'succeeded') return []
  for await (const { at, event } of metadata.events(run))
    if (event.type === 'undo.started' && isWanted(event.node) && !begun.has(event.node))
      begun.set(event.node, at)
  if (begun.size === 0) return []
  const files = await readdir(join(folder, 'logs', run)).catch((): string[] => [])
  const executions = await metadata.executions(run)
  return executions.flatMap(({ node, attempts }) => {
    const startedAt = begun.get(node)
    if (startedAt === undefined) return []
    const own = `${fileName(node)}-`
    return files
      .filter((file) => file.startsWith(own))
      .map((file) => Number(/^(\d+)\.ndjson$/.exec(file.slice(own.length))?.[1]))
      .filter((attempt) => attempt > attempts.length)
      .map((attempt) => ({ startedAt, segment: segmentOf(folder, run, node, attempt) }))
  })
}

/** Merges the segments by time; those are open whose attempts ran at the same time. */
async function* merged(
  source: LogSource,
  run: string,
  isWanted: (node: string) => boolean,
): AsyncGenerator<LogLine> {
  const { metadata, folder } = source
  const attempts = (await metadata.executions(run))
    .filter(({ node }) => isWanted(node))
    .flatMap((execution) => segmentsOf(folder, run, execution))
  const segments = [...attempts, ...(await undoSegments(source, run, isWanted))].toSorted(
    (a, b) => a.startedAt - b.startedAt,
  )
  const open: { line: LogLine; rest: AsyncGenerator<LogLine> }[] = []
  let next = 0
  for (;;) {
    const first = open.reduce<(typeof open)[number] | undefined>(
      (best, one) => (best === undefined || one.line.at < best.line.at ? one : best),
      undefined,
    )
    const waiting = segments[next]
    if (waiting !== undefined && (first === undefined || waiting.startedAt <= first.line.at)) {
      next++
      const rest = waiting.segment.lines()
      const { value } = await rest.next()
      if (value !== undefined) open.push({ line: value as LogLine, rest })
      continue
    }
    if (first === undefined) return
    yield first.line
    const { value } = await first.rest.next()
    if (value === undefined) open.splice(open.indexOf(first), 1)
    else first.line = value as LogLine
  }
}

async function* followed(
  source: LogSource,
  run: string,
  isWanted: (node: string) => boolean,
  { signal }: LogOptions,
): AsyncGenerator<LogLine> {
  const { metadata, folder } = source
  const open = new Map<string, Segment>()
  let isUndoing = false
  let seq = 0
  for (;;) {
    if (signal?.aborted === true) return
    // The state first: a run that has ended has written all of its lines.
    const [record] = await metadata.runsByPrefix(run)
    const ended = new Set<string>()
    for await (const stored of metadata.events(run, seq)) {
      seq = stored.seq
      isUndoing ||= stored.event.type === 'undo.started'
      const touched = touchedBy(stored.event)
      if (touched === undefined || !isWanted(touched.node)) continue
      const { node, attempt, log } = touched
      const key = `${attempt} ${node}`
      if (!open.has(key)) open.set(key, segmentOf(folder, run, node, attempt, log))
      if (touched.isOver) ended.add(key)
    }
    // In which attempts that happens is not told; they are few.
    for (const { segment } of isUndoing ? await undoSegments(source, run, isWanted) : []) {
      const key = `${segment.attempt} ${segment.node}`
      if (!open.has(key)) open.set(key, segment)
    }
    const lines: LogLine[] = []
    for (const segment of open.values()) for await (const line of segment.lines()) lines.push(line)
    yield* lines.toSorted((a, b) => a.at - b.at)
    for (const key of ended) open.delete(key)
    if (record === undefined || !goesOn(record.state)) return
    await sleep(poll, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }
}

interface Touched {
  readonly node: string
  readonly attempt: number
  readonly log?: string
  readonly isOver: boolean
}

/** The attempt whose log may have grown by the time of an event. */
function touchedBy(event: RunEvent): Touched | undefined {
  switch (event.type) {
    case 'attempt.started':
      return { node: event.node, attempt: event.attempt, isOver: false }
    case 'attempt.failed':
      return {
        node: event.node,
        attempt: event.attempt,
        ...(event.log === undefined ? {} : { log: event.log }),
        isOver: true,
      }
    case 'node.succeeded':
    case 'node.repaired': {
      const isReused = event.type === 'node.succeeded' && event.reused !== undefined
      if (event.facts?.log === undefined || isReused) return undefined
      return { node: event.node, attempt: event.attempt, log: event.facts.log, isOver: true }
    }
    default:
      return undefined
  }
}
