import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const repository = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))

const loaders: Readonly<Record<string, string>> = {
  tsx: repository('node_modules/tsx/dist/cli.mjs'),
  jiti: repository('node_modules/jiti/lib/jiti-cli.mjs'),
}

const pipewright = "'pipewright'"
const zod = "'zod'"

/** A project of its own: one step that reaches much, and what it reaches. */
export const base: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'package-lock.json': '{"lockfileVersion":3}',
  // As if they were installed; the sources, so that nothing need be built.
  'node_modules/pipewright/package.json': '{"name":"pipewright","type":"module","exports":"./index.ts"}',
  'node_modules/pipewright/index.ts': `export * from ${JSON.stringify(repository('src/index.ts'))}\n`,
  'node_modules/zod/package.json': '{"name":"zod","version":"4.0.0","type":"module","exports":"./index.js"}',
  'node_modules/zod/index.js': `export * from ${JSON.stringify(repository('node_modules/zod/index.js'))}\n`,
  'node_modules/pkg/package.json':
    '{"name":"pkg","version":"1.0.0","type":"module","exports":"./index.js","dependencies":{"dep":"^2.0.0"}}',
  'node_modules/pkg/index.js': `import { readFileSync } from 'node:fs'
export { Decimal } from 'dep'
export const twice = (x) => x * 2
export const settings = JSON.parse(readFileSync(new URL('../../package-settings.json', import.meta.url), 'utf8'))
`,
  'node_modules/dep/package.json': '{"name":"dep","version":"2.0.0","type":"module","exports":"./index.js"}',
  'node_modules/dep/index.js':
    'export class Decimal { static set(options) { Object.assign(this, options) } }\n',
  'package-settings.json': '{ "shift": 0 }',
  'config.json': '{ "offset": 1 }',
  'weights.json': '{ "bias": 1 }',
  'data.csv': 'x\n1\n2\n',
  'inputs.mjs':
    "export default { csv: 'data.csv', rate: 1, left: '1y2', right: '3', note: { list: [1, 2], name: 'é' }, items: [1, 2, 3] }\n",
  'main.ts': `import { openWorkspace, renderExplanation } from ${pipewright}
import { pipeline } from './pipeline.ts'
const pw = await openWorkspace({ root: process.argv[2]! })
const { default: inputs } = await import('file://' + process.argv[2] + '/inputs.mjs')
const { run, outputs } = await pw.run(pipeline, inputs)
const { executions } = await pw.show(run.id)
const steps = executions.filter(({ step }) => step !== null)
const states = Object.fromEntries(steps.map(({ node, reused }) => [node, reused === null ? 'executed' : 'reused']))
const whys: Record<string, string> = {}
for (const { node } of steps) whys[node] = renderExplanation(await pw.explain(run.id, node))
console.log(JSON.stringify({ states, whys, outputs }))
await pw.close()
`,
  'pipeline.ts': `import { definePipeline, file } from ${pipewright}
import { z } from ${zod}
import { fit, load, open, openOnce, report, score, square, stamp, train } from './steps.ts'
export const pipeline = definePipeline(
  {
    name: 'truth',
    inputs: {
      csv: file('text/csv'),
      rate: z.any(),
      left: z.string(),
      right: z.string(),
      note: z.any(),
      items: z.array(z.number()),
    },
  },
  (p, { csv, rate, left, right, note, items }) => {
    const { xs } = p.step(load, { csv })
    const { y } = p.step(train, { xs, rate, left, right, note }, { id: 'train' })
    const squares = p.map(items, (n, q) => q.step(square, { n }), { id: 'squares' })
    const { model } = p.step(fit, { xs })
    p.step(stamp, {})
    p.step(open, {})
    p.step(openOnce, {})
    return { text: p.step(report, { y }).text, squares: squares.n, score: p.step(score, { model }).score }
  },
)
`,
  'predictor.ts': `import { definePredictor } from ${pipewright}
import { z } from ${zod}
export const scaled = definePredictor({
  name: 'scaled',
  state: z.object({ by: z.number() }),
  input: z.object({ x: z.number() }),
  output: z.object({ y: z.number() }),
  predict: ({ by }, { x }) => ({ y: x * by }),
})
`,
  'steps.ts': `import { defineStep, file, model, secret } from ${pipewright}
import { z } from ${zod}
import { Decimal, settings, twice } from 'pkg'
import { scaled } from './predictor.ts'
import { mean } from './stats.ts'
import { offset } from './config.ts'
import { Scaler } from './scaler.ts'
import weights from './weights.json' with { type: 'json' }

Decimal.set({ precision: 5 })
const POWER = 2
const neighbour = () => 'hello'

export const load = defineStep({
  name: 'load',
  inputs: { csv: file('text/csv') },
  outputs: { xs: z.array(z.number()) },
  run: async ({ csv }) => ({ xs: (await csv.text()).trim().split('\\n').slice(1).map(Number) }),
})

/** Trains. */
export const train = defineStep({
  name: 'train',
  env: ['PIPEWRIGHT_TRUTH'],
  inputs: { xs: z.array(z.number()), rate: z.any(), left: z.string(), right: z.string(), note: z.any() },
  outputs: { y: z.number() },
  run: async ({ xs, rate }) => {
    const { extra } = await import('./lazy.ts')
    const y = new Scaler(POWER).scale(mean(xs)) * Number(rate ?? 1) + offset() + extra + weights.bias
    return { y: twice(y) + settings.shift }
  },
})

const power = (exponent: number) =>
  defineStep({
    name: 'square',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ n }) => ({ n: n ** exponent }),
  })
export const square = power(2)

export const fit = defineStep({
  name: 'fit',
  inputs: { xs: z.array(z.number()) },
  outputs: { model: model(scaled) },
  run: ({ xs }) => ({ model: scaled.of({ by: xs.length }) }),
})

export const score = defineStep({
  name: 'score',
  inputs: { model: model(scaled) },
  outputs: { score: z.number() },
  run: async ({ model }) => ({ score: (await model.predict({ x: 2 })).y }),
})

export const stamp = defineStep({
  name: 'stamp',
  outputs: { at: z.number() },
  run: (_inputs, ctx) => ({ at: ctx.now().getTime() }),
})

export const open = defineStep({
  name: 'open',
  secrets: { token: secret('TRUTH_SECRET') },
  outputs: { length: z.number() },
  run: async (_inputs, ctx) => ({ length: (await ctx.secret('token')).length }),
})

export const openOnce = defineStep({
  name: 'open-once',
  secrets: { token: secret('TRUTH_SECRET') },
  cache: 'content',
  outputs: { length: z.number() },
  run: async (_inputs, ctx) => ({ length: (await ctx.secret('token')).length }),
})

export const report = defineStep({
  name: 'report',
  inputs: { y: z.number() },
  outputs: { text: z.string() },
  run: ({ y }) => ({ text: neighbour() + ' ' + y }),
})
`,
  'stats.ts': "export { mean } from './deep.ts'\n",
  'deep.ts': `import { sum } from './sum.ts'
export function mean(xs: number[], by = 1) { return sum(xs) / xs.length / by }
export function variance() { return 0 }
`,
  'sum.ts': 'export const sum = (xs: number[]) => xs.reduce((a, b) => a + b, 0)\n',
  'config.ts': `import { readFileSync } from 'node:fs'
const config = JSON.parse(readFileSync(new URL('./config.json', import.meta.url), 'utf8')) as { offset: number }
export const offset = () => config.offset
`,
  'lazy.ts': 'export const extra = 1\n',
  'scaler.ts': `export class Scaler {
  zero = 0
  constructor(private readonly by: number) {}
  scale(x: number) { return x * this.by + this.zero }
}
`,
}

/** What a run of the project has printed. */
export interface Printed {
  readonly states: Readonly<Record<string, string>>
  /** By node. */
  readonly whys: Readonly<Record<string, string>>
  readonly outputs: { readonly text: string }
}

/** Writes files; undefined removes nothing and is left out. */
export async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

/** How a project is run. */
export interface RunOptions {
  readonly loader?: string
  readonly env?: Readonly<Record<string, string>>
  /** The Node that runs it. */
  readonly node?: string
  readonly main?: string
}

/** Runs the project in a process of its own. */
export async function run(
  root: string,
  { loader = 'tsx', env = {}, node = process.execPath, main = 'main.ts' }: RunOptions = {},
): Promise<Printed> {
  const { stdout } = await execute(node, [loaders[loader]!, join(root, main), root], {
    cwd: root,
    env: { ...process.env, TRUTH_SECRET: 'of the truth', ...env },
  })
  return JSON.parse(stdout) as Printed
}

/** A copy of a project with its workspace, in another folder. */
export async function copyTo(root: string, folder: string): Promise<void> {
  await cp(root, folder, { recursive: true, preserveTimestamps: true })
}
