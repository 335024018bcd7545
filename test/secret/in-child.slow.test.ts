import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect, promisify } from 'node:util'
import type { HermeticReport } from 'pipewright'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/internal/clock.ts'
import { sha256 } from '../../src/internal/digest.ts'
import type { AnyStep } from '../../src/define/step.ts'
import type { AttemptOutcome, AttemptServices } from '../../src/execute/attempt.ts'
import { TieredReader } from '../../src/execute/blobs.ts'
import { attemptInChild } from '../../src/execute/child/attempt-in-child.ts'
import { startProcess } from '../../src/execute/child/process-child.ts'
import type { ChildBoot } from '../../src/execute/child/protocol.ts'
import { JsonValues } from '../../src/execute/json-values.ts'
import { PassingMemory } from '../../src/execute/memory.ts'
import { inlineRunner } from '../../src/execute/runner.ts'
import { compilePipeline } from '../../src/plan/plan.ts'
import { declaredSources } from '../../src/secret/open-sources.ts'
import { WorkspaceSecrets } from '../../src/secret/workspace-secrets.ts'
import { openFileStore } from '../../src/store/file-store.ts'
import { tempFolder } from '../workspace/temp.ts'
import { die, inChild, talk, toss, vault } from './programs/in-child.ts'
import { leaked, traces, tracesIn } from './traces.ts'

const execute = promisify(execFile)
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const loader = ['--import', path('../../node_modules/tsx/dist/esm/index.mjs')]

afterEach(() => vi.unstubAllEnvs())

/** One attempt of a step of the program, in a process of its own: its outcome, and all that its parent is told. */
async function attempt(step: AnyStep, root: string): Promise<{ outcome: AttemptOutcome; told: unknown[] }> {
  const outside = await tempFolder()
  await writeFile(join(outside, 'token'), `${leaked}\n`)
  vi.stubEnv('VAULT_FILE', join(outside, 'token'))
  const store = await openFileStore(root)
  const metadata = { blob: () => Promise.resolve(undefined), dropBlob: () => Promise.resolve() }
  const reader = new TieredReader(metadata, store)
  const { structure, compiler } = compilePipeline(inChild)
  const services: AttemptServices = {
    root,
    project: root,
    store,
    reader,
    json: new JsonValues(reader),
    runner: inlineRunner,
    clock: systemClock,
    ports: {},
    predictorDigest: () => Promise.resolve(sha256('')),
    serviceOf: () => Promise.reject(new Error('there are no services')),
    // The parent asks nobody.
    secrets: new WorkspaceSecrets([]),
  }
  const told: unknown[] = []
  const child = startProcess({
    entry: path('../../src/workspace/child-entry.ts'),
    nodeArguments: loader,
    env: process.env as Record<string, string>,
  })
  onTestFinished(() => child.kill())
  const boot: ChildBoot = {
    type: 'boot',
    project: root,
    opaque: [],
    secrets: declaredSources([{ file: 'none' }, vault], root),
    folder: root,
    store: { folder: root, shared: false },
    services: [],
  }
  child.send(boot)
  const home = {
    address: { module: path('programs/in-child.ts'), pipeline: 'in-child', structure: structure.digest },
    key: compiler.keys.get(step)!,
    env: [],
  }
  const { result: outcome } = await attemptInChild(
    {
      run: { id: 'run', pipeline: 'in-child' },
      node: step.name,
      fileName: step.name,
      step,
      declaration: structure.steps[step.name]!,
      values: {},
      attempt: 1,
      startedAt: 0,
      idempotencyKey: 'key',
      seed: 'seed',
      memory: new PassingMemory(),
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onLog: (...line) => told.push(line),
    },
    services,
    home,
    child,
    { runner: 'process', metadata },
  )
  return { outcome, told: [...told, boot] }
}

test('the process of a step asks a provider by its module; nothing that it sends or writes has the value', async () => {
  const root = await tempFolder()
  const { outcome, told } = await attempt(talk as never, root)
  if (!outcome.ok) throw outcome.error
  expect(outcome.volatile).toEqual(['secret'])
  const bytes = outcome.blobs.map((blob) => Buffer.from(blob.bytes).toString())
  expect(bytes).toContain(String(leaked.length))
  expect(told.slice(0, -1).map((line) => (line as string[])[1])).toEqual([
    'printed [secret OF_VAULT]',
    '[secret OF_VAULT]',
    '[secret OF_VAULT]',
  ])
  expect(traces(JSON.stringify([outcome, told]))).toEqual([])
  expect(told.at(-1)).toMatchObject({ secrets: [{}, { provider: 'vault' }] })
  expect(await tracesIn(root)).toEqual([])
})

test('what it throws is redacted before it is sent', async () => {
  const root = await tempFolder()
  const { outcome } = await attempt(toss as never, root)
  expect(outcome).toMatchObject({
    ok: false,
    error: { name: 'TypeError', message: '401 for [secret OF_VAULT]' },
  })
  expect(traces(inspect(outcome, { depth: 9 }))).toEqual([])
})

test('what is printed past it, by another process and by Node itself, is redacted where it is told', async () => {
  const root = await tempFolder()
  const { outcome, told } = await attempt(die as never, root)
  const { error } = outcome as { error: Error }
  expect(error.message).toBe('nobody catches [secret OF_VAULT]')
  const lines = told.slice(0, -1).map((line) => (line as string[])[1])
  expect(lines).toEqual(['token [secret OF_VAULT]', expect.stringMatching(/^basic \S*\[secret OF_VAULT\]/)])
  expect(traces(inspect([error, lines], { depth: 9 }))).toEqual([])
  expect(await tracesIn(root)).toEqual([])
})

const project: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'package-lock.json': '{"lockfileVersion":3}',
  'node_modules/pipewright/package.json': '{"name":"pipewright","type":"module","exports":"./index.ts"}',
  'node_modules/pipewright/index.ts': `export * from ${JSON.stringify(path('../../src/index.ts'))}\n`,
  'node_modules/zod/package.json': '{"name":"zod","type":"module","exports":"./index.js"}',
  'node_modules/zod/index.js': `export * from ${JSON.stringify(path('../../node_modules/zod/index.js'))}\n`,
  '.env.secrets': 'OF_FILE=swordfish-of-file\n',
  'providers.ts': `import { readFileSync } from 'node:fs'
import { defineSecretProvider } from 'pipewright'
export const mine = defineSecretProvider({
  name: 'mine',
  get: (name) => (name === 'OF_MINE' ? readFileSync('mine.txt', 'utf8') : undefined),
})
`,
  'mine.txt': 'swordfish-of-mine',
  'pipewright.config.ts': `import { defineConfig } from 'pipewright'
import { mine } from './providers.ts'
export default defineConfig({
  secrets: ['environment', { file: '.env.secrets' }, mine, { command: ['echo', 'swordfish-of-{name}'] }],
})
`,
  'pipeline.ts': `import { definePipeline, defineStep, secret } from 'pipewright'
import { z } from 'zod'
const read = defineStep({
  name: 'read',
  secrets: { a: secret('OF_ENVIRONMENT'), b: secret('OF_FILE'), c: secret('OF_MINE'), d: secret('OF_COMMAND') },
  outputs: { lengths: z.array(z.number()) },
  run: async (_inputs, ctx) => ({
    lengths: [(await ctx.secret('a')).length, (await ctx.secret('b')).length, (await ctx.secret('c')).length, (await ctx.secret('d')).length],
  }),
})
const dirty = defineStep({
  name: 'dirty',
  inputs: { lengths: z.array(z.number()) },
  outputs: { n: z.number() },
  run: ({ lengths }) => ({ n: lengths.length + (process.env.OF_ENVIRONMENT ?? '').length }),
})
export const pipeline = definePipeline({ name: 'p' }, (p) => p.step(dirty, { lengths: p.step(read, {}).lengths }))
`,
  'main.ts': `import { openWorkspace } from 'pipewright'
import { pipeline } from './pipeline.ts'
const pw = await openWorkspace({ root: process.cwd() })
console.log(JSON.stringify(await pw.checkHermetic(pipeline, {})))
await pw.close()
`,
}

test('reading declared secrets is no undeclared use; reading the environment for them is', async () => {
  const root = await tempFolder()
  for (const [name, text] of Object.entries(project)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  const { stdout } = await execute(process.execPath, [...loader, 'main.ts'], {
    cwd: root,
    env: { ...process.env, OF_ENVIRONMENT: 'swordfish-of-environment' },
  })
  const report = JSON.parse(stdout) as HermeticReport
  expect(report.steps).toMatchObject([
    { step: 'read', state: 'checked' },
    { step: 'dirty', state: 'checked' },
  ])
  expect(report.uses).toMatchObject([{ what: 'process.env.OF_ENVIRONMENT', steps: ['dirty'] }])
})
