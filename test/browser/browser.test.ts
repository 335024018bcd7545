import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import { build, type BuildResult } from 'esbuild'
import { plan, render } from 'pipewright'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { counts } from './programs/counts.ts'

const execute = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))

let folder: string

/** A project whose installed package is this one, as far as a browser takes it. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipewright-browser-'))
  const installed = join(folder, 'node_modules/pipewright')
  await mkdir(join(installed, 'dist'), { recursive: true })
  await cp(join(root, 'package.json'), join(installed, 'package.json'))
  await execute(process.execPath, [
    join(root, 'scripts/build-browser.mjs'),
    join(installed, 'dist/browser.js'),
  ])
  await cp(fileURLToPath(new URL('programs/counts.ts', import.meta.url)), join(folder, 'counts.ts'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function bundle(text: string): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    stdin: { contents: text, resolveDir: folder },
    bundle: true,
    write: false,
    metafile: true,
    format: 'iife',
    platform: 'browser',
    logLevel: 'silent',
    nodePaths: [join(root, 'node_modules')],
  })
}

test('pipelines are defined, planned and drawn without anything of Node', async () => {
  const { outputFiles, metafile } = await bundle(`
    import { check, graphView, plan, PipewrightError, render, select } from 'pipewright'
    import { counts } from './counts.ts'
    const made = plan(counts, { csv: 'rows.csv' })
    let refused
    try { plan(counts, { csv: 3 }) } catch (error) { refused = PipewrightError.isInstance(error) && error.code }
    globalThis.result = JSON.stringify({
      digest: made.digest, refused, tree: render(made), mermaid: render(made, 'mermaid'),
      found: check(made).length, nodes: graphView(made).nodes(), selected: select(made, { to: ['load'] }),
    })`)
  const inputs = Object.values(metafile.inputs).flatMap(({ imports }) => imports)
  expect(inputs.filter(({ path, external }) => external === true || path.startsWith('node:'))).toEqual([])
  const [output] = outputFiles
  expect(output!.text).not.toMatch(/\bfrom\s*["']node:|require\(["']node:|import\(["']node:/)
  // What every browser has, and nothing that Node adds to it.
  const context = createContext({ TextEncoder, TextDecoder }) as { result?: string }
  runInContext(output!.text, context)
  const result = JSON.parse(context.result!) as Record<string, unknown>
  const expected = plan(counts, { csv: 'rows.csv' })
  expect(result).toMatchObject({
    digest: expected.digest,
    refused: 'INPUT_INVALID',
    tree: render(expected),
    mermaid: render(expected, 'mermaid'),
  })
  expect(result['nodes']).toContain('load')
})

test('what runs pipelines is missed at build time, by name', async () => {
  await expect(bundle("import { openWorkspace } from 'pipewright'\nopenWorkspace()")).rejects.toThrow(
    'openWorkspace',
  )
})
