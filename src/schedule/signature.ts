import { createHmac, timingSafeEqual } from 'node:crypto'

/** A call is believed for so long after its timestamp, and before it where clocks differ: in milliseconds. */
export const replayWindow = 300_000

/** What is signed of a call. */
export interface SignedCall {
  readonly id: string
  /** Seconds since the epoch, as text. */
  readonly timestamp: string
  readonly body: string
}

/** Base64 after `whsec_`, as Standard Webhooks writes it; else the text. */
function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret, 'utf8')
}

/**
 * Signs a call to a trigger, as Standard Webhooks does (https://www.standardwebhooks.com): the headers to send.
 * `secret` is the text that both sides have, or base64 after `whsec_`.
 *
 * @example
 * ```ts
 * const body = JSON.stringify({ day: '2026-02-28' })
 * const secret = process.env['HOOK_SECRET']!
 * const headers = signCall({ id: 'import-17', timestamp: String(Math.floor(Date.now() / 1000)), body }, secret)
 * await fetch('https://pipelines.example.com/calls/ingest', { method: 'POST', headers, body })
 * ```
 */
export function signCall({ id, timestamp, body }: SignedCall, secret: string): Record<string, string> {
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}

/** Why a call is not believed; undefined where it is. `now` in milliseconds since the epoch. */
export function callProblem(
  call: SignedCall,
  signatures: string,
  secret: string,
  now: number,
): string | undefined {
  const at = /^\d{1,12}$/.test(call.timestamp) ? Number(call.timestamp) * 1_000 : Number.NaN
  if (Number.isNaN(at)) return 'the timestamp is not in seconds since the epoch'
  const expected = Buffer.from(signCall(call, secret)['webhook-signature']!)
  // All are compared, each in constant time: how long it takes tells nothing.
  let isSigned = false
  for (const given of signatures.split(' ')) {
    const bytes = Buffer.from(given)
    if (bytes.length === expected.length && timingSafeEqual(bytes, expected)) isSigned = true
  }
  if (!isSigned) return 'the signature does not fit'
  return Math.abs(now - at) > replayWindow ? 'the timestamp is too old, or in the future' : undefined
}
