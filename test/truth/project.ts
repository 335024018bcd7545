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
  'node_modules/zod/package.json': '{"name":"zod","type":"module","exports":"./index.js"}',
  'node_modules/zod/index.js': `export * from ${JSON.stringify(repository('node_modules/zod/index.js'))}\n`,
  'config.json': '{ "offset": 1 }',
  'weights.json': '{ "bias": 1 }',
  'data.csv': 'x\n1\n2\n',
  'inputs.json': '{ "rate": 1, "csv": "data.csv" }',
  'main.ts': `import { readFileSync } from 'node:fs'
import { openWorkspace, renderExplanation } from ${pipewright}
import { pipeline } from './pipeline.ts'
const pw = await openWorkspace({ root: process.argv[2]! })
const { run, outputs } = await pw.run(pipeline, JSON.parse(readFileSync(process.argv[2] + '/inputs.json', 'utf8')))
const { executions } = await pw.show(run.id)
const states = Object.fromEntries(executions.map(({ node, reused }) => [node, reused === null ? 'executed' : 'reused']))
const why = renderExplanation(await pw.explain(run.id, 'train'))
console.log(JSON.stringify({ states, why, outputs }))
await pw.close()
`,
  'pipeline.ts': `import { definePipeline, file } from ${pipewright}
import { z } from ${zod}
import { load, report, train } from './steps.ts'
export const pipeline = definePipeline(
  { name: 'truth', inputs: { csv: file('text/csv'), rate: z.any() } },
  (p, input) => {
    const { xs } = p.step(load, { csv: input.csv })
    const { y } = p.step(train, { xs, rate: input.rate })
    return { text: p.step(report, { y }).text }
  },
)
`,
  'steps.ts': `import { defineStep, file } from ${pipewright}
import { z } from ${zod}
import { mean } from './stats.ts'
import { offset } from './config.ts'
import { Scaler } from './scaler.ts'
import weights from './weights.json' with { type: 'json' }

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
  inputs: { xs: z.array(z.number()), rate: z.any() },
  outputs: { y: z.number() },
  run: async ({ xs, rate }) => {
    const { extra } = await import('./lazy.ts')
    return { y: new Scaler(POWER).scale(mean(xs)) * Number(rate ?? 1) + offset() + extra + weights.bias }
  },
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
  constructor(private readonly by: number) {}
  scale(x: number) { return x * this.by }
}
`,
}

/** What a run of the project has printed. */
export interface Printed {
  readonly states: Readonly<Record<string, string>>
  readonly why: string
  readonly outputs: { readonly text: string }
}

/** Writes files; undefined removes nothing and is left out. */
export async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

/** Runs the project in a process of its own. */
export async function run(
  root: string,
  {
    loader = 'tsx',
    env = {},
  }: { readonly loader?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Printed> {
  const { stdout } = await execute(process.execPath, [loaders[loader]!, join(root, 'main.ts'), root], {
    cwd: root,
    env: { ...process.env, ...env },
  })
  return JSON.parse(stdout) as Printed
}

/** A copy of a project with its workspace, in another folder. */
export async function copyTo(root: string, folder: string): Promise<void> {
  await cp(root, folder, { recursive: true, preserveTimestamps: true })
}
