import type { StandardSchemaV1 } from '@standard-schema/spec'
import { PipewrightError } from '../../internal/error.ts'
import { milliseconds, type Duration } from '../../internal/duration.ts'
import { instantOf } from '../../internal/instant.ts'
import { json } from '../../artifact/json.ts'
import type { Kind } from '../../artifact/kind.ts'
import { isSchema } from '../../artifact/schema.ts'
import { bind } from '../binding.ts'
import type { Binding, Bindings } from '../graph.ts'
import { checkName } from '../name.ts'
import { isRef } from '../ref.ts'
import type { ApproveOptions, NodeOptions, SignalOptions } from '../scope.ts'
import { plain } from './pick.ts'
import type { Recorder } from './recorder.ts'

/** Records `p.sleep`: a literal is checked at once, a ref when the run comes to it. */
export function traceSleep(recorder: Recorder, duration: unknown, options: NodeOptions = {}): never {
  const id = recorder.claim(options.id ?? 'sleep', 'p.sleep')
  const text = `sleep '${id}'`
  const given = isRef(duration) ? duration : milliseconds(duration as Duration, text)
  const time = bind(given, plain, { scope: recorder.scope, text })
  return recorder.add({ type: 'sleep', ...recorder.base(id, options), for: time }, {})
}

/** Records `p.until`. */
export function traceUntil(recorder: Recorder, at: unknown, options: NodeOptions = {}): never {
  const id = recorder.claim(options.id ?? 'until', 'p.until')
  const text = `until '${id}'`
  const given = isRef(at) ? at : instant(at, text)
  const time = bind(given, plain, { scope: recorder.scope, text })
  return recorder.add({ type: 'until', ...recorder.base(id, options), at: time }, {})
}

/** A point in time as ISO 8601 with its zone. */
function instant(at: unknown, what: string): string {
  const time = instantOf(at)
  if (time !== undefined) return new Date(time).toISOString()
  throw new PipewrightError(
    'DEFINITION_INVALID',
    `${what}: ${JSON.stringify(at) ?? typeof at} is not a point in time`,
    {
      fix: "give a Date, or a text with its zone: '2026-03-01T06:00:00+01:00'",
    },
  )
}

function payloadKind(schema: StandardSchemaV1 | undefined, what: string): Kind<unknown, never> | undefined {
  if (schema === undefined) return undefined
  if (isSchema(schema)) return json(schema) as Kind<unknown, never>
  throw new PipewrightError('DEFINITION_INVALID', `${what}: payload is not a schema`, {
    fix: 'give a schema such as z.object({ … })',
  })
}

function oneOf<T extends string>(value: T | undefined, allowed: readonly T[], what: string): T {
  if (value === undefined) return allowed[0]!
  if (allowed.includes(value)) return value
  throw new PipewrightError('DEFINITION_INVALID', `${what}: ${JSON.stringify(value)} is not possible`, {
    fix: `give ${allowed.map((one) => `'${one}'`).join(' or ')}`,
  })
}

function timeoutOf(timeout: Duration | undefined, what: string): number | undefined {
  return timeout === undefined ? undefined : milliseconds(timeout, `${what}, timeout`)
}

/** Records `p.signal`. */
export function traceSignal(recorder: Recorder, name: string, options: SignalOptions<unknown> = {}): never {
  checkName('signal', name)
  const id = recorder.claim(options.id ?? name, 'p.signal')
  const what = `signal '${name}'`
  const payload = payloadKind(options.payload, what)
  const node = {
    signal: name,
    payload,
    timeout: timeoutOf(options.timeout, what),
    onTimeout: oneOf(options.onTimeout, ['fail', 'continue'], `${what}, onTimeout`),
  }
  return recorder.add(
    { type: 'signal', ...recorder.base(id, options), ...node },
    { payload: payload ?? plain },
  )
}

/** Records `p.approve`. */
export function traceApprove(recorder: Recorder, options: ApproveOptions<unknown> = {}): never {
  const id = recorder.claim(options.id ?? 'approve', 'p.approve')
  const what = `approval '${id}'`
  const { by, message } = options
  if (
    by !== undefined &&
    !(Array.isArray(by) && by.length > 0 && by.every((one) => typeof one === 'string' && one !== ''))
  ) {
    throw new PipewrightError('DEFINITION_INVALID', `${what}, by: nobody could decide`, {
      fix: "give names and roles: by: ['ada', 'role:ml-lead'], or leave it out: then anybody may",
    })
  }
  const show: Record<string, Binding> = {}
  for (const [name, ref] of Object.entries(options.show ?? {}))
    show[name] = bind(ref, undefined, { scope: recorder.scope, text: `${what}, show '${name}'` })
  const payload = payloadKind(options.payload, what)
  const node = {
    message,
    by: by === undefined ? undefined : Object.freeze([...by]),
    show: Object.freeze(show) as Bindings,
    payload,
    timeout: timeoutOf(options.timeout, what),
    onTimeout: oneOf(options.onTimeout, ['fail', 'approve', 'reject'], `${what}, onTimeout`),
    onReject: oneOf(options.onReject, ['fail', 'continue'], `${what}, onReject`),
  }
  return recorder.add(
    { type: 'approve', ...recorder.base(id, options), ...node },
    { approved: plain, payload: payload ?? plain, by: plain, reason: plain, at: plain },
  )
}
