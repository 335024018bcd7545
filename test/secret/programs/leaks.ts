import {
  defineStep,
  definePipeline,
  directory,
  file,
  json,
  list,
  metrics,
  report,
  secret,
  type StepContext,
} from 'pipewright'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { z } from 'zod'

/** Every way in which a secret may be written. */
export const writings: Readonly<Record<string, (value: string) => string>> = {
  plain: (value) => value,
  json: (value) => JSON.stringify({ value }),
  twice: (value) => JSON.stringify(JSON.stringify({ value })),
  inspected: (value) => inspect({ value }),
  url: (value) => `https://example.com/?token=${encodeURIComponent(value)}`,
  form: (value) => String(new URLSearchParams({ value })),
  basic: (value) => `Basic ${Buffer.from(`ada:${value}`).toString('base64')}`,
  base64: (value) => Buffer.from(`x${value}`).toString('base64'),
  base64url: (value) => Buffer.from(`xy${value}z`).toString('base64url'),
  lines: (value) =>
    Buffer.from(value.repeat(3))
      .toString('base64')
      .replaceAll(/(.{76})/g, '$1\n'),
}

class HttpError extends Error {
  readonly config: unknown

  constructor(message: string, config: unknown, cause: unknown) {
    super(message, { cause })
    this.name = 'HttpError'
    this.config = config
  }
}

function inPieces(text: string, print: (piece: string) => void): void {
  for (let at = 0; at < text.length; at += 3) print(text.slice(at, at + 3))
}

/** Says a text wherever a step can say something that is kept. */
function say(ctx: StepContext, text: string): void {
  ctx.log.info(`it is ${text}`)
  ctx.log.warn('fields', {
    text,
    [text]: 1,
    deep: [{ text, error: new Error(text) }],
    bytes: Buffer.from(text),
  })
  ctx.log.debug('map', { map: new Map([[text, text]]) as never })
  console.log('printed', text, { text })
  console.error(new Error(text))
  process.stdout.write(`${text}\n`)
  process.stderr.write(Buffer.from(`${text}\n`))
  inPieces(text, (piece) => process.stdout.write(piece))
  process.stdout.write('\n')
  inPieces(text, (piece) => ctx.log.info(piece))
  inPieces(text, (piece) => console.log(piece))
  ctx.metric(`metric ${text}`, 1)
  ctx.param(`param ${text}`, 'x')
  ctx.progress(text as never, text as never)
}

/** What is refused, with the error's message; each of them would keep a text. */
async function refusals(ctx: StepContext, text: string): Promise<string[]> {
  const tries: (() => unknown)[] = [
    () => ctx.param('p', { deep: [text] }),
    () => ctx.param('p', { [text]: 1 }),
    () => ctx.once('call', () => ({ text })),
    () => ctx.once(text, () => 1),
    () => ctx.checkpoint({ text }),
    () => ctx.checkpoint(Buffer.from(text)),
  ]
  const told: string[] = []
  for (const [index, one] of tries.entries()) {
    let kept = true
    try {
      await one()
    } catch (error) {
      kept = false
      told.push((error as Error).message)
    }
    if (kept) throw new Error(`number ${index} was kept`)
  }
  return told
}

const secrets = { token: secret('LEAKED_TOKEN') }

export const talk = defineStep({
  name: 'talk',
  version: '1',
  secrets,
  outputs: { refused: z.array(z.string()), made: file('text/plain'), folder: directory() },
  run: async (_inputs, ctx) => {
    const token = await ctx.secret('token')
    const refused: string[] = []
    for (const write of Object.values(writings)) {
      say(ctx, write(token))
      refused.push(...(await refusals(ctx, write(token))))
    }
    const path = join(ctx.workdir, 'text')
    await writeFile(path, 'nothing')
    return { refused, made: path, folder: ctx.workdir }
  },
})

export const fail = defineStep({
  name: 'fail',
  version: '1',
  secrets,
  inputs: { way: z.string() },
  retry: { attempts: 2, delay: 1 },
  run: async ({ way }, ctx) => {
    const text = writings[way]!(await ctx.secret('token'))
    const cause = new AggregateError([new Error(text)], text, { cause: { text } })
    throw new HttpError(`401 for ${text}`, { headers: { authorization: text, [text]: [text] } }, cause)
  },
})

/** Throws what is no error. */
export const toss = defineStep({
  name: 'toss',
  version: '1',
  secrets,
  run: async (_inputs, ctx) => {
    const token = await ctx.secret('token')
    // oxlint-disable-next-line no-throw-literal -- a step may
    throw { token, list: [token] }
  },
})

/** Forgets a promise. */
export const forget = defineStep({
  name: 'forget',
  version: '1',
  secrets,
  run: async (_inputs, ctx) => {
    const token = await ctx.secret('token')
    void Promise.reject(new Error(token))
    await new Promise((resolve) => setTimeout(resolve, 50))
  },
})

const kinds = {
  json: z.any(),
  metrics: metrics({ text: z.string() }),
  report: report(),
  list: list(json(z.any())),
}

/** Returns it. */
export const give = defineStep({
  name: 'give',
  version: '1',
  secrets,
  inputs: { kind: z.enum(['json', 'metrics', 'report', 'list', 'shown']), way: z.string() },
  outputs: { json: z.any(), metrics: kinds.metrics, report: kinds.report, list: kinds.list },
  run: async ({ kind, way }, ctx) => {
    const text = writings[way]!(await ctx.secret('token'))
    const of = (one: string): string => (one === kind ? text : 'nothing')
    if (kind === 'shown') ctx.report({ title: 'it', blocks: [{ type: 'markdown', text }] })
    return {
      json: { rows: [1, { value: of('json') }] },
      metrics: { text: of('metrics') },
      report: { blocks: [{ type: 'markdown' as const, text: of('report') }] },
      list: [of('list')],
    }
  },
})

export const leaks = definePipeline({ name: 'leaks' }, (p) => {
  const { refused } = p.step(talk, {})
  for (const way of Object.keys(writings)) p.step(fail, { way }, { id: `fail-${way}` })
  p.step(toss, {})
  p.step(forget, {})
  for (const kind of ['json', 'metrics', 'report', 'list', 'shown'] as const)
    for (const way of Object.keys(writings)) p.step(give, { kind, way }, { id: `give-${kind}-${way}` })
  return { refused }
})
