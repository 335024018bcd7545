import { milliseconds, type Duration } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import { instantOf } from '../internal/instant.ts'
import type { Binding } from '../define/graph.ts'
import type { PlanWait } from '../plan/document.ts'

/** When a wait that begins now ends by itself, in milliseconds since the epoch; null: never. */
export async function dueTime(
  node: string,
  planned: PlanWait,
  now: number,
  read: (binding: Binding) => Promise<unknown>,
): Promise<number | null> {
  switch (planned.type) {
    case 'sleep':
      return now + milliseconds((await read(planned.for)) as Duration, `'${node}'`)
    case 'until':
      return instant(node, await read(planned.at))
    case 'signal':
    case 'approve':
      return planned.timeout === undefined ? null : now + planned.timeout
  }
}

function instant(node: string, at: unknown): number {
  const time = typeof at === 'string' ? instantOf(at) : undefined
  if (time !== undefined) return time
  throw new PipewrightError(
    'INPUT_INVALID',
    `'${node}' is to wait until ${JSON.stringify(at) ?? 'undefined'}, which is no point in time`,
    { fix: "wire a text such as '2026-03-01T06:00:00+01:00', with its zone", details: { node } },
  )
}
