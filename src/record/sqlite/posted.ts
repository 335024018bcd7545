import { eventFormat, type PostedEvent, type StoredEvent } from '../event.ts'
import type { PostResult, WaitingRun } from '../metadata.ts'
import { decodeEvent, encodeEvent, isReadable } from './codec.ts'
import { ownershipJudge } from './ownership.ts'
import type { Reader } from './reader.ts'
import type { GroupWriter } from './writer.ts'

const postedTypes = ['approval.decided', 'signal.received'] as const

/** What ends a wait, or shows that it has ended. */
const ends = ['node.succeeded', 'node.failed', 'node.cancelled']

/** Appends what somebody says from outside, if it still counts: of several decisions of one wait the first does. */
export async function post(
  writer: GroupWriter,
  reader: Reader,
  run: string,
  event: PostedEvent,
  now: () => number,
): Promise<PostResult> {
  const data = encodeEvent(event)
  return writer.write((): PostResult => {
    const [row] = reader.now(reader.db.selectFrom('runs').select('state').where('id', '=', run))
    if (row === undefined || (row.state !== 'running' && row.state !== 'waiting')) return 'closed'
    const at = now()
    const result = event.type === 'signal.received' ? 'posted' : decidable(reader, run, event.node, at)
    const node = event.type === 'signal.received' ? null : event.node
    if (result === 'posted')
      reader.statements.insertEvent.run({ run, at, type: event.type, node, format: eventFormat, data })
    return result
  })
}

function decidable(reader: Reader, run: string, node: string, now: number): PostResult {
  const rows = reader.now(
    reader.db
      .selectFrom('events')
      .select(['type', 'format', 'data'])
      .where('run', '=', run)
      .where('node', '=', node)
      .where('type', 'in', ['wait.opened', 'approval.decided', 'post.refused', ...ends])
      .orderBy('seq', 'desc')
      .limit(2),
  )
  const [last, before] = rows
  if (last?.type === 'approval.decided') return 'decided'
  const opened = last?.type === 'post.refused' ? (before ?? last) : last
  if (opened === undefined) return 'not-waiting'
  if (ends.includes(opened.type)) return 'decided'
  const event = decodeEvent(opened.format, opened.data, run)
  if (event.type === 'wait.opened' && event.until !== null && event.until <= now) return 'expired'
  return 'posted'
}

/** What was posted to a run after a place in the log, in order. */
export async function postedTo(reader: Reader, run: string, after: number): Promise<readonly StoredEvent[]> {
  const rows = await reader.all(
    reader.db
      .selectFrom('events')
      .select(['seq', 'at', 'format', 'data'])
      .where('run', '=', run)
      .where('seq', '>', after)
      .where('type', 'in', [...postedTypes])
      .orderBy('seq'),
  )
  return rows.map(({ seq, at, format, data }) => ({ seq, run, at, event: decodeEvent(format, data, run) }))
}

/** The runs that wait and that nobody drives, with what has happened since. */
export async function waitingRuns(reader: Reader, now: number): Promise<readonly WaitingRun[]> {
  const rows = await reader.all(
    reader.db
      .selectFrom('runs')
      .leftJoin('leases', 'leases.run', 'runs.id')
      .select(['runs.id', 'runs.pipeline', 'leases.owner', 'leases.expires_at', 'leases.cancel_requested'])
      .where('runs.state', '=', 'waiting')
      .orderBy('runs.id'),
  )
  const judge = ownershipJudge(now)
  const found: WaitingRun[] = []
  for (const { id, pipeline, owner, expires_at: expiresAt, cancel_requested: cancel } of rows) {
    if (judge(owner, expiresAt) !== undefined) continue
    const [row] = await reader.all(
      reader.db
        .selectFrom('events')
        .select(['seq', 'format', 'data'])
        .where('run', '=', id)
        .where('type', '=', 'run.waiting')
        .orderBy('seq', 'desc')
        .limit(1),
    )
    // One that a newer version has left is that version's to go on with, and hides no other.
    if (row === undefined || !isReadable(row.format)) continue
    const event = decodeEvent(row.format, row.data)
    if (event.type !== 'run.waiting') continue
    const isPosted = cancel !== null || (await postedTo(reader, id, row.seq)).length > 0
    found.push({ run: id, pipeline, until: event.until, isPosted })
  }
  return found
}
