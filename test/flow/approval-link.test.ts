import { expect, test } from 'vitest'
import { z } from 'zod'
import { approvalHandler, approvalLink, definePipeline } from '../../src/index.ts'
import { tempWorkspace } from '../workspace/temp.ts'
import { add } from './support.ts'

const secret = 'a secret of more than sixteen'
const base = 'https://ml.example.com/decide'

const asking = definePipeline({ name: 'asking', inputs: { n: z.number() } }, (p, input) => {
  const { n } = p.step(add, { n: input.n })
  const go = p.approve({
    id: 'go',
    message: 'Is <b>this</b> good?',
    show: { n },
    payload: z.object({ share: z.number() }),
  })
  return { by: go.by, reason: go.reason, share: p.pick(go.payload, 'share') }
})

test('a link shows what is asked, decides by its form, and once', async () => {
  const pw = await tempWorkspace()
  const decide = approvalHandler(pw, { secret })
  const handle = await pw.start(asking, { n: 41 })
  await expect.poll(async () => (await pw.waits(handle.id)).length).toBe(1)
  const link = approvalLink({ run: handle.id, node: 'go', by: 'ada' }, { base, secret })
  const post = (fields: Record<string, string>): Promise<Response> =>
    decide(new Request(link, { method: 'POST', body: new URLSearchParams(fields).toString() }))

  const shown = await decide(new Request(link))
  expect(shown.status).toBe(200)
  expect(shown.headers.get('content-security-policy')).toContain("default-src 'none'")
  const text = await shown.text()
  expect(text).toContain('Is &#60;b&#62;this&#60;/b&#62; good?')
  expect(text).toContain('<pre>42</pre>')
  expect(await pw.waits(handle.id)).toHaveLength(1)

  expect((await post({ decision: 'approve', payload: '{share' })).status).toBe(400)
  expect((await post({ decision: 'maybe' })).status).toBe(400)
  expect((await post({ decision: 'approve', payload: '{"share":0.5}', reason: 'fine' })).status).toBe(200)
  expect((await handle.result()).outputs).toEqual({ by: 'ada', reason: 'fine', share: 0.5 })
  expect((await post({ decision: 'reject' })).status).toBe(409)
  expect((await decide(new Request(link))).status).toBe(409)
})

test('a link that is forged, or too old, does not hold', async () => {
  const pw = await tempWorkspace()
  const decide = approvalHandler(pw, { secret })
  const options = { run: 'r', node: 'go', by: 'ada' }
  const statusOf = async (link: string): Promise<number> => (await decide(new Request(link))).status
  expect(await statusOf(approvalLink(options, { base, secret: `another ${secret}` }))).toBe(403)
  expect(await statusOf(approvalLink({ ...options, expiresIn: 0 }, { base, secret }))).toBe(403)
  const link = new URL(approvalLink(options, { base, secret }))
  const [claim, signed] = link.searchParams.get('token')!.split('.') as [string, string]
  const forged = Buffer.from(Buffer.from(claim, 'base64url').toString().replace('ada', 'eve')).toString(
    'base64url',
  )
  expect(await statusOf(`${base}?token=${forged}.${signed}`)).toBe(403)
  expect(await statusOf(base)).toBe(403)
  expect(() => approvalHandler(pw, { secret: 'short' })).toThrow(/less than 16 characters/)
})
