import { PipewrightError } from '../../internal/error.ts'
import { eventFormat } from '../event.ts'
import type { Lease, NewEvent } from '../metadata.ts'
import type { WorkspaceEvent } from '../workspace-event.ts'
import { encodeEvent } from './codec.ts'
import { codeOf, sqliteCode } from './failure.ts'
import { project, projectWorkspace } from './project.ts'
import type { Statements } from './statements.ts'
import type { GroupWriter } from './writer.ts'

/**
 * Appends an event, its blobs and its projections in the writer's next group. The event is encoded here and
 * now; its blobs' bytes are read when the group is committed and must not change until then.
 */
export function append(
  writer: GroupWriter,
  to: Statements,
  { run, at, event, blobs }: NewEvent,
  lease?: Lease,
): Promise<void> {
  const data = encodeEvent(event)
  const node = 'node' in event ? event.node : null
  return writer.write(() => {
    try {
      const row = { run, at, type: event.type, node, format: eventFormat, data }
      const seq = to.insertEvent.run(row).lastInsertRowid
      for (const { digest, bytes } of blobs ?? []) to.putBlob.run({ digest, bytes, size: bytes.length, at })
      project(to, { seq, run, at }, event)
      if (event.type === 'run.cancel-requested') to.requestCancel.run({ run, reason: event.reason })
    } catch (error) {
      throw refusal(error, run, event)
    }
  }, lease)
}

/** Appends an event of the workspace as a whole; for use inside a writer's job. */
export function appendWorkspace(to: Statements, at: number, event: WorkspaceEvent): void {
  const data = JSON.stringify(event)
  to.insertEvent.run({ run: '', at, type: event.type, node: null, format: eventFormat, data })
  projectWorkspace(to, event)
}

/** What a violated constraint means to the caller; any other error as it is. */
function refusal(error: unknown, run: string, event: NewEvent['event']): unknown {
  if (codeOf(error) !== sqliteCode.constraint) return error
  const text = error instanceof Error ? error.message : String(error)
  if (event.type === 'run.started' && text.includes('runs.key')) {
    return new PipewrightError(
      'RUN_KEY_CONFLICT',
      `the pipeline '${event.pipeline}' already has a run with the key '${event.key}'`,
      {
        fix: 'attach to that run, or use another key',
        details: { pipeline: event.pipeline, key: event.key, run },
        cause: error,
      },
    )
  }
  return new PipewrightError(
    'VALUE_NOT_STORABLE',
    `the event '${event.type}' of run ${run} cannot be stored: ${text}`,
    { fix: 'report this: an engine appended an incomplete event', details: { run, event }, cause: error },
  )
}
