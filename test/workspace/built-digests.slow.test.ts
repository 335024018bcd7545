import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { tempFolder } from './temp.ts'

const execute = promisify(execFile)
const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const tsx = path('node_modules/tsx/dist/cli.mjs')

const sources: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'package-lock.json': '{}',
  'node_modules/pipewright/package.json': '{"name":"pipewright","type":"module","exports":"./index.ts"}',
  'node_modules/pipewright/index.ts': `export * from ${JSON.stringify(path('src/index.ts'))}\n`,
  'node_modules/zod/package.json': '{"name":"zod","version":"4.0.0","type":"module","exports":"./index.js"}',
  'node_modules/zod/index.js': `export * from ${JSON.stringify(path('node_modules/zod/index.js'))}\n`,
  'src/steps.ts': `import { readFileSync } from 'node:fs'
import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'
import { twice } from './help.ts'
const config = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { by?: number }
export const double = defineStep({
  name: 'double',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: async ({ n }) => ({ n: twice(n) + (await import('./lazy.ts')).more }),
})
export const configured = defineStep({ name: 'configured', outputs: { n: z.number() }, run: () => ({ n: config.by ?? 1 }) })
export const pipeline = definePipeline({ name: 'built', inputs: { n: z.number() } }, (p, input) => {
  p.step(configured, {})
  return { n: p.step(double, { n: input.n }).n }
})
`,
  'src/help.ts': 'export const twice = (n: number): number => n * 2\n',
  'src/lazy.ts': 'export const more = 1\n',
  // Prints what became of the nodes of a run of the module that is named.
  'run.ts': `import { openWorkspace } from 'pipewright'
const { pipeline } = await import(process.argv[2]!)
const pw = await openWorkspace({ root: import.meta.dirname })
const { run } = await pw.run(pipeline, { n: 2 })
const { executions } = await pw.show(run.id)
console.log(JSON.stringify(Object.fromEntries(executions.map(({ node, reused }) => [node, reused === null ? 'executed' : 'reused']))))
await pw.close()
`,
}

async function project(): Promise<string> {
  const root = await tempFolder()
  for (const [name, text] of Object.entries(sources)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return root
}

async function bundle(root: string, minify: boolean): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/steps.ts' },
    outdir: 'dist',
    bundle: true,
    splitting: true,
    minify,
    format: 'esm',
    platform: 'node',
    external: ['pipewright', 'zod'],
    logLevel: 'silent',
  })
}

async function run(root: string, module: string): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await execute(process.execPath, [tsx, join(root, 'run.ts'), join(root, module)], {
    cwd: root,
  })
  return JSON.parse(stdout) as Record<string, string>
}

async function digests(root: string): Promise<string> {
  const args = [tsx, path('src/cli/main.ts'), 'digests', 'src/steps.ts#pipeline', '--built', 'dist/main.js']
  return (await execute(process.execPath, args, { cwd: root })).stdout
}

describe('the digests of a bundle', () => {
  test.each([false, true])('are those of its sources, minified: %s', async (minify) => {
    const root = await project()
    await bundle(root, minify)
    const printed = await digests(root)
    expect(printed).toContain('double: sha256:')
    expect(printed).toContain('configured: none: it reads what only a process knows: src/steps.ts config')
    expect(await run(root, 'src/steps.ts')).toEqual({ configured: 'executed', double: 'executed' })
    expect((await run(root, 'dist/main.js'))['double']).toBe('reused')
  })

  test('hold for that build alone: a helper in another chunk that is another one is a miss', async () => {
    const root = await project()
    await bundle(root, true)
    await digests(root)
    await run(root, 'src/steps.ts')
    const recorded = await readFile(join(root, 'dist/main.js.digests.json'), 'utf8')
    const chunk = Object.keys((JSON.parse(recorded) as { files: object }).files).find((name) =>
      name.startsWith('lazy'),
    )!
    const text = await readFile(join(root, 'dist', chunk), 'utf8')
    await writeFile(join(root, 'dist', chunk), text.replace(/=1\b/, '=2'))
    expect((await run(root, 'dist/main.js'))['double']).toBe('executed')
    // By its own text from then on.
    expect((await run(root, 'dist/main.js'))['double']).toBe('reused')
    await writeFile(join(root, 'dist', chunk), text.replace(/=1\b/, '=3'))
    expect((await run(root, 'dist/main.js'))['double']).toBe('executed')
  })

  test('nor for packages of other versions', async () => {
    const root = await project()
    await bundle(root, true)
    await digests(root)
    await run(root, 'src/steps.ts')
    await writeFile(
      join(root, 'node_modules/zod/package.json'),
      sources['node_modules/zod/package.json']!.replace('4.0.0', '4.0.1'),
    )
    expect((await run(root, 'dist/main.js'))['double']).toBe('executed')
  })
})
