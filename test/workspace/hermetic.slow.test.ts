import { execFile } from 'node:child_process'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { HermeticReport } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { tempFolder } from './temp.ts'

const repository = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const tsx = repository('node_modules/tsx/dist/cli.mjs')

const pipewright = "'pipewright'"
const zod = "'zod'"

/** A project whose steps use the world: in their own module, in a module that it imports, in a package. */
const project: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'package-lock.json': '{"lockfileVersion":3}',
  'node_modules/pipewright/package.json': '{"name":"pipewright","type":"module","exports":"./index.ts"}',
  'node_modules/pipewright/index.ts': `export * from ${JSON.stringify(repository('src/index.ts'))}\n`,
  'node_modules/zod/package.json': '{"name":"zod","type":"module","exports":"./index.js"}',
  'node_modules/zod/index.js': `export * from ${JSON.stringify(repository('node_modules/zod/index.js'))}\n`,
  'node_modules/clock/package.json': '{"name":"clock","type":"module","exports":"./index.js"}',
  'node_modules/clock/index.js': `export const stamp = () => Date.now()
let last = 0
setInterval(() => { last = Date.now() }, 1).unref()
export const background = () => last
`,
  'rates.json': '{ "rate": 2 }',
  'data.csv': 'x\n1\n2\n',
  'main.ts': `import { openWorkspace } from ${pipewright}
import * as pipelines from './pipeline.ts'
const pw = await openWorkspace({ root: process.argv[2]! })
const pipeline = pipelines[process.argv[3] as 'dirty'] as never
const report = await pw.checkHermetic(pipeline, { csv: 'data.csv' } as never)
console.log(JSON.stringify({ report, runs: (await pw.runs()).items.length }))
await pw.close()
`,
  'reach.ts': `import { exec } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { promisify } from 'node:util'
import { randomUUID } from 'node:crypto'
import { stamp } from 'clock'
interface Rates {
  rate: number
}
export const rates = (): Rates => JSON.parse(readFileSync('rates.json', 'utf8')) as Rates
export async function later(): Promise<string> {
  await Promise.resolve()
  return readFile(new URL('./rates.json', import.meta.url), 'utf8')
}
export const shell = () => promisify(exec)('echo hi')
export const web = () => fetch('http://127.0.0.1:9/').catch(() => 'none')
export const old = () => new Promise((resolve) => http.get('http://127.0.0.1:9/').on('error', resolve))
export const id = () => randomUUID()
export const time = () => stamp()
`,
  'pipeline.ts': `import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep, file, list, table } from ${pipewright}
import { z } from ${zod}
import { background } from 'clock'
import { id, later, old, rates, shell, time, web } from './reach.ts'

const clean = defineStep({
  name: 'clean',
  env: ['REGION'],
  inputs: { csv: file('text/csv') },
  outputs: { rows: table(z.object({ x: z.number() })), text: file('text/plain'), long: z.array(z.number()) },
  run: async ({ csv }, ctx) => {
    const path = join(ctx.workdir, 'out.txt')
    await writeFile(path, (await csv.text()) + process.env.REGION)
    await readFile(await csv.path())
    await new Promise((resolve) => setTimeout(resolve, 20))
    background()
    ctx.log.info('told', { at: ctx.now(), draw: ctx.random() })
    console.log('printed', new Date(0))
    const long = Array.from({ length: 5_000 }, (_, n) => n)
    return { rows: long.map((x) => ({ x })), text: path, long }
  },
})
const half = defineStep({
  name: 'half',
  inputs: { x: z.number() },
  outputs: { rows: table(z.object({ x: z.number() })) },
  run: ({ x }) => ({ rows: [{ x: x / 2 }] }),
})
const joined = defineStep({
  name: 'joined',
  inputs: { rows: table(z.object({ x: z.number() })), parts: list(table(z.object({ x: z.number() }))), long: z.array(z.number()) },
  outputs: { n: z.number() },
  run: async ({ rows, parts, long }) => {
    const n = rows.length + parts.length + long.length
    if (n !== 10_003) throw new Error('lost: ' + n)
    return { n }
  },
})
const dirty = defineStep({
  name: 'dirty-one',
  inputs: { n: z.number() },
  outputs: { n: z.number(), rows: table(z.object({ at: z.number() })) },
  run: async ({ n }) => {
    const now = Date.now() + new Date().getTime()
    Math.random()
    if (process.env.REGION === 'x') throw new Error('no')
    rates()
    await later()
    await web()
    await old()
    id()
    time()
    await shell()
    async function* rows() {
      yield { at: performance.now() }
    }
    return { n: n + now * 0, rows: rows() }
  },
})
const fetched = defineStep({
  name: 'fetched',
  cache: 'never',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: async ({ n }) => ({ n: n + Date.now() * 0 }),
})
const send = defineStep({
  name: 'send',
  effect: true,
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: async ({ n }) => {
    await writeFile(new URL('./sent.txt', import.meta.url), 'sent')
    return { n }
  },
})
const quits = defineStep({
  name: 'quits',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: (): { n: number } => process.exit(3),
})
const broken = defineStep({
  name: 'broken',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: (): { n: number } => {
    throw new TypeError('on purpose')
  },
})
const after = defineStep({
  name: 'after',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: ({ n }) => ({ n }),
})

const csv = file('text/csv')
export const tidy = definePipeline({ name: 'tidy', inputs: { csv } }, (p, input) => {
  const { rows, long } = p.step(clean, { csv: input.csv })
  const parts = p.map([2, 4, 6], (x, q) => ({ rows: q.step(half, { x }).rows })).rows
  return p.step(joined, { rows, parts, long })
})
const ticking = defineStep({ name: 'clocked', inputs: {}, outputs: { n: z.number() }, run: () => ({ n: Date.now() }) })
export const clocked = definePipeline({ name: 'clocked', inputs: { csv } }, (p, input) => ({ n: p.step(ticking, {}).n, csv: input.csv }))
export const dirtied = definePipeline({ name: 'dirtied', inputs: { csv } }, (p, input) => {
  const { n } = p.step(dirty, { n: 1 })
  const once = p.step(fetched, { n })
  p.step(send, { n: once.n })
  p.step(quits, { n: once.n })
  return { n: p.step(after, { n: p.step(broken, { n: once.n }).n }).n, csv: input.csv }
})
`,
}

interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function makeProject(): Promise<string> {
  const root = await tempFolder()
  await mkdir(join(root, 'tmp'))
  for (const [path, text] of Object.entries(project)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

function start(cwd: string, ...args: string[]): Promise<Result> {
  const env = { ...process.env, REGION: 'eu', TMPDIR: join(cwd, 'tmp') }
  return new Promise((resolve) => {
    execFile(process.execPath, [tsx, ...args], { cwd, env, encoding: 'utf8' }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err })
    })
  })
}

/** The line of a text in a file of the project. */
function lineOf(file: string, text: string): number {
  return project[file]!.split('\n').findIndex((line) => line.includes(text)) + 1
}

describe('each step in a process of its own, under watch', () => {
  test('undeclared uses are named with the line of the project that is nearest', async () => {
    const root = await makeProject()
    const { out, err } = await start(root, 'main.ts', root, 'dirtied')
    expect(err).toBe('')
    const { report, runs } = JSON.parse(out) as { report: HermeticReport; runs: number }
    const own = (text: string, what: string): object => ({
      file: 'pipeline.ts',
      line: lineOf('pipeline.ts', text),
      what,
      steps: ['dirty-one'],
    })
    const reached = (text: string, what: string): object => ({
      file: 'reach.ts',
      line: lineOf('reach.ts', text),
      what,
      steps: ['dirty-one'],
    })
    expect(report.uses.map(({ kind: _kind, ...use }) => use)).toEqual([
      own('Date.now() + new', 'Date.now()'),
      own('Date.now() + new', 'new Date()'),
      own('Math.random', 'Math.random()'),
      own("REGION === 'x'", 'process.env.REGION'),
      own('performance.now', 'performance.now()'),
      reached('const rates', "fs.readFileSync('rates.json')"),
      reached('return readFile', `fs.promises.readFile('${join(root, 'rates.json')}')`),
      reached('const shell', "child_process.exec('echo hi')"),
      reached('const web', "fetch('http://127.0.0.1:9/')"),
      reached('const old', "http.get('http://127.0.0.1:9/')"),
      reached('const id', 'crypto.randomUUID()'),
      reached('const time', 'Date.now()'),
    ])
    expect(new Set(report.uses.map(({ kind }) => kind))).toEqual(
      new Set(['clock', 'random', 'environment', 'file', 'process', 'network']),
    )
    expect(report.steps).toEqual([
      { step: 'dirty-one', state: 'checked', executions: 1 },
      { step: 'fetched', state: 'exempt', executions: 1, reason: "it says cache: 'never'" },
      { step: 'send', state: 'exempt', executions: 1, reason: 'it is an effect, and was not carried out' },
      {
        step: 'quits',
        state: 'failed',
        executions: 1,
        reason: "step 'quits' (node 'quits') ended its process itself, with exit code 3",
      },
      { step: 'broken', state: 'failed', executions: 1, reason: 'on purpose' },
      {
        step: 'after',
        state: 'not reached',
        executions: 0,
        reason: 'what it needs was not there, or its branch was not taken',
      },
    ])
    expect(report.limits).toContain('native code and grandchildren are not seen')
    // It leaves nothing behind: no run, no effect, no folder.
    expect(runs).toBe(0)
    expect(await readdir(root)).not.toContain('sent.txt')
    const left = await readdir(join(root, 'tmp'))
    expect(left.filter((name) => name.startsWith('pipewright-check-'))).toEqual([])
  }, 180_000)

  test('a pipeline that declares what it uses is in order; values of any kind and size pass between processes', async () => {
    const root = await makeProject()
    await writeFile(join(root, 'inputs.json'), '{ "csv": "data.csv" }')
    const main = repository('src/cli/main.ts')
    const check = (...args: string[]): Promise<Result> =>
      start(root, main, 'check', ...args, '--inputs', 'inputs.json')
    const tidy = await check('pipeline.ts#tidy', '--hermetic')
    expect(tidy.err).toBe('')
    expect(tidy.out).toContain(
      'hermetic: 0 undeclared uses; 3 steps: 3 checked, 0 exempt, 0 failed, 0 not reached\nnext: pipewright run pipeline.ts#tidy\n',
    )
    expect(tidy.code).toBe(0)
    const clocked = await check('pipeline.ts#clocked', '--hermetic')
    expect(clocked.code).toBe(1)
    expect(clocked.out).toContain(
      `error  pipeline.ts:${lineOf('pipeline.ts', 'ticking')}  Date.now()  (step clocked; use ctx.now())\n`,
    )
    expect(clocked.out).toContain('next: declare or take out what is listed')
    const plain = await check('pipeline.ts#clocked')
    expect(plain).toMatchObject({ code: 0 })
    expect(plain.out).toContain('clocked: 0 warnings')
    expect(plain.out).not.toContain('hermetic:')
  }, 180_000)
})
