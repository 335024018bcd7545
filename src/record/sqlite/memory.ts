import type { RecordedCall, RecordedCheckpoint, RunEvent } from '../event.ts'
import { decodeEvent } from './codec.ts'
import type { Reader } from './reader.ts'

/** A call of an execution that has given its result. */
export async function callOf(
  reader: Reader,
  run: string,
  node: string,
  idempotencyKey: string,
): Promise<RecordedCall | undefined> {
  const key = { run, node, idempotency_key: idempotencyKey }
  const event = eventIn(await reader.read(() => reader.statements.call.get(key)), run)
  return event?.type === 'call.succeeded' ? event : undefined
}

/** The latest checkpoint of an execution that has not succeeded. */
export async function checkpointOf(
  reader: Reader,
  run: string,
  node: string,
): Promise<RecordedCheckpoint | undefined> {
  const event = eventIn(await reader.read(() => reader.statements.checkpoint.get({ run, node })), run)
  return event?.type === 'checkpoint.saved' ? event : undefined
}

function eventIn(row: Readonly<Record<string, unknown>> | undefined, run: string): RunEvent | undefined {
  return row === undefined ? undefined : decodeEvent(row['format'] as number, row['data'] as string, run)
}
