import { createHmac } from 'node:crypto'
import { signCall } from 'pipewright'
import { expect, test } from 'vitest'
import { callProblem } from '../../src/schedule/signature.ts'

const secret = 'a secret of some length'
const now = Date.parse('2026-01-01T00:00:00Z')
const call = { id: 'msg-1', timestamp: String(now / 1000), body: '{"day":"2026-01-01"}' }
const signature = signCall(call, secret)['webhook-signature']!

test('a signed call is believed, among other signatures too', () => {
  expect(callProblem(call, signature, secret, now)).toBeUndefined()
  expect(callProblem(call, `v1,${'A'.repeat(43)}= ${signature}`, secret, now)).toBeUndefined()
})

test('the signature is that of Standard Webhooks', () => {
  const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
  const body = '{"test": 2432232314}'
  const expected = createHmac('sha256', key)
    .update(`msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.${body}`)
    .digest('base64')
  expect(
    signCall(
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: '1614265330', body },
      'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    )['webhook-signature'],
  ).toBe(`v1,${expected}`)
})

test('anything that was changed is not', () => {
  for (const other of [
    { ...call, id: 'msg-2' },
    { ...call, timestamp: String(now / 1000 + 1) },
    { ...call, body: '' },
  ])
    expect(callProblem(other, signature, secret, now)).toBe('the signature does not fit')
  expect(callProblem(call, signature, 'another secret of that length', now)).toBe(
    'the signature does not fit',
  )
  for (const text of ['', 'v1,', 'v1', signature.slice(0, -1), `${signature}x`])
    expect(callProblem(call, text, secret, now)).toBe('the signature does not fit')
  expect(callProblem({ ...call, timestamp: 'soon' }, signature, secret, now)).toContain('timestamp')
})

test('an old one is not, nor one of the future', () => {
  expect(callProblem(call, signature, secret, now + 299_000)).toBeUndefined()
  expect(callProblem(call, signature, secret, now + 301_000)).toContain('too old')
  expect(callProblem(call, signature, secret, now - 301_000)).toContain('future')
})
