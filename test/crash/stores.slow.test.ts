import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openWorkspace, type ArtifactStore } from '../../src/index.ts'
import type { MetadataStore } from '../../src/record/metadata.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { openFileStore } from '../../src/store/file-store.ts'
import { command, commandEnvironment, projectFolder } from '../cli/command.ts'
import { tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { composed, effects, nested } from './programs/pipelines.ts'

/** What is done before an operation of a store, by its number. */
type Before = (operation: number) => Promise<void>

const operations: ReadonlySet<PropertyKey> = new Set([
  'put',
  'putStream',
  'putFile',
  'bytes',
  'append',
  'cached',
  'blob',
])

function troubled<Port extends object>(port: Port, before: Before): Port {
  let count = 0
  return new Proxy(port, {
    get(target, name): unknown {
      const member = (target as Readonly<Record<PropertyKey, unknown>>)[name]
      if (typeof member !== 'function' || !operations.has(name)) return member
      return async (...args: unknown[]): Promise<unknown> => {
        await before(++count)
        return (member as (...all: unknown[]) => unknown).apply(target, args)
      }
    },
  })
}

async function stores(
  root: string,
  before: Before,
): Promise<{ store: ArtifactStore; metadata: MetadataStore }> {
  const folder = join(root, '.pipewright')
  const store = await openFileStore(folder)
  const metadata = await openSqliteMetadata(join(folder, 'metadata.sqlite'))
  return { store: troubled(store, before), metadata: troubled(metadata, before) }
}

describe('a run on a store in trouble', () => {
  test.each([nested, effects, composed])('that fails every tenth call: $name', async (pipeline) => {
    const good = await tempWorkspace()
    const { outputs: expected } = await good.run(pipeline as typeof nested, { n: 9 })
    const root = await tempFolder()
    const failing = await stores(root, (operation) =>
      operation % 10 === 0 ? Promise.reject(new Error('EIO: the store does not answer')) : Promise.resolve(),
    )
    await using pw = await openWorkspace({ root, ...failing })
    let tries = 0
    let outputs: unknown
    let id: string | undefined
    for (; outputs === undefined && tries < 50; tries++) {
      try {
        const run =
          id === undefined
            ? pw.start(pipeline as typeof nested, { n: 9 })
            : pw.takeUp(id, pipeline as typeof nested)
        const handle = await run
        id = handle.id
        outputs = (await handle.result()).outputs
      } catch {
        id ??= (await pw.runs()).items[0]?.id
      }
    }
    expect(outputs).toEqual(expected)
    const succeeded: string[] = []
    for await (const { event } of pw.events(id!))
      if (event.type === 'node.succeeded') succeeded.push(event.node)
    const steps = succeeded.filter((node) => !node.startsWith('always'))
    expect(steps).toHaveLength(new Set(steps).size)
  })

  test('of which one call takes ten seconds: it is waited for, and the lease lasts', async () => {
    const root = await tempFolder()
    const slow = await stores(root, (operation) =>
      operation === 12 ? new Promise((resolve) => setTimeout(resolve, 10_000)) : Promise.resolve(),
    )
    await using pw = await openWorkspace({ root, ...slow })
    const handle = await pw.start(nested, { n: 9 })
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    const other = await tempWorkspace({ root })
    await expect(other.resume(handle.id, nested)).rejects.toMatchObject({ code: 'RUN_OWNED' })
    expect((await handle.result()).outputs).toEqual({ n: 102 })
  })

  test('that is full: the run is lost, not what it had, and goes on when there is space again', async () => {
    const root = await tempFolder()
    let isFull = false
    const full = await stores(root, (operation) => {
      isFull ||= operation === 25
      return isFull
        ? Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }))
        : Promise.resolve()
    })
    await using pw = await openWorkspace({ root, ...full })
    const handle = await pw.start(nested, { n: 9 })
    await expect(handle.result()).rejects.toThrow()
    isFull = false
    await using again = await openWorkspace({ root })
    const before = (await again.show(handle.id)).executions.filter(({ state }) => state === 'succeeded')
    expect(before.length).toBeGreaterThan(0)
    const { outputs } = await again.resume(handle.id, nested, { takeOver: true })
    expect(outputs).toEqual({ n: 102 })
    const { executions } = await again.show(handle.id)
    for (const { node, startedAt } of before)
      expect(executions.find((one) => one.node === node)?.startedAt).toBe(startedAt)
  })
})

test('SIGTERM stops gracefully, and two that resume at once make one run', async () => {
  const cwd = await projectFolder()
  const program = fileURLToPath(new URL('programs/slow.ts', import.meta.url))
  const env = { ...process.env, ...commandEnvironment }
  const child = spawn(process.execPath, [...command, 'run', program, '--json'], { cwd, env })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await expect.poll(() => out.includes('"slow-1"'), { timeout: 30_000 }).toBe(true)
  child.kill('SIGTERM')
  expect(await ended).toBe(130)
  const { run } = JSON.parse(out.split('\n')[0]!) as { run: string }
  const { slow } = (await import('./programs/slow.ts')) as typeof import('./programs/slow.ts')
  const [one, other] = [await tempWorkspace({ root: cwd }), await tempWorkspace({ root: cwd })]
  const both = await Promise.allSettled([one.resume(run, slow), other.resume(run, slow)])
  const won = both.filter(({ status }) => status === 'fulfilled')
  const lost = both.find((result) => result.status === 'rejected')
  expect(won).toHaveLength(1)
  expect(lost?.reason).toMatchObject({ code: 'RUN_OWNED' })
  const { state, executions } = await one.show(run)
  expect(state).toBe('succeeded')
  expect(executions.find(({ node }) => node === 'slow-0')?.attempts).toHaveLength(1)
})
