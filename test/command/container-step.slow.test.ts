import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  defineCommandStep,
  definePipeline,
  file,
  list,
  secret,
  table,
  type CommandPart,
  type ContainerOptions,
} from 'pipewright'
import { testStep } from 'pipewright/testing'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { failure, statesOf, tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { FakeEngine, fakeImage } from './fake-engine.ts'

const node = process.execPath
const image = 'tools:1'

afterEach(() => vi.unstubAllEnvs())

/** An engine that has the image. */
async function engineWithImage(): Promise<FakeEngine> {
  const engine = await FakeEngine.onPath()
  await engine.images({ [image]: fakeImage('a', 'tools') })
  return engine
}

/** A step that runs code of Node in a container. */
const stepOf = (code: string, container: Partial<ContainerOptions> = {}, more: object = {}) =>
  defineCommandStep({
    name: 'run',
    outputs: { out: file('text/plain') },
    command: [node, '-e', code, '--', '{out}'],
    container: { image, ...container },
    ...more,
  })

const write = "require('node:fs').writeFileSync(process.argv[1], 'made')"

function given(args: readonly string[], option: string): string[] {
  return args.flatMap((arg, index) => (arg === option ? [args[index + 1]!] : []))
}

describe('in the container', () => {
  test('paths are those of the container; inputs, files and folders of the project are to be read only', async () => {
    const engine = await engineWithImage()
    const root = await tempFolder()
    await mkdir(join(root, 'lib'))
    for (const name of ['a.txt', 'b.txt', 'script.js', 'lib/more'])
      await writeFile(join(root, name), `of ${name}`)
    const code = `
      const { readFileSync, writeFileSync } = require('node:fs')
      const [out, lib, ...files] = process.argv.slice(1)
      const read = (path) => readFileSync(path, 'utf8')
      writeFileSync('stays', '')
      writeFileSync(out, JSON.stringify([read(lib + '/more'), ...files.map(read)]))`
    const step = defineCommandStep({
      name: 'read files',
      inputs: {
        path: z.string(),
        texts: list(file('text/plain')),
        rows: table(z.object({ x: z.number() })),
      },
      outputs: { out: z.array(z.string()) },
      files: { script: pathToFileURL(join(root, 'script.js')) },
      command: [node, '-e', code, '--', '{out}', '{lib}', '{texts}', '{rows}', '{inputs}', '{script}'],
      container: { image, mounts: { lib: pathToFileURL(join(root, 'lib')) } },
      resources: { cpu: 2, memory: '64MiB' },
    })
    const path = join(root, 'a.txt')
    const { outputs } = await testStep(step, {
      path,
      texts: [path, join(root, 'b.txt')],
      rows: [{ x: 1 }],
    })
    expect(outputs.out).toEqual([
      'of lib/more',
      'of a.txt',
      'of b.txt',
      'x\n1\n',
      JSON.stringify({ path }),
      'of script.js',
    ])
    const [args] = await engine.calls('run')
    expect(args!.slice(args!.indexOf('--', args!.indexOf('--entrypoint')) + 1)).toEqual([
      '/pipewright/work/out-out',
      '/pipewright/mounts/lib',
      '/pipewright/work/texts.0.txt',
      '/pipewright/work/texts.1.txt',
      '/pipewright/work/rows.csv',
      '/pipewright/work/inputs.json',
      '/pipewright/files/script/script.js',
    ])
    const mounts = given(args!, '--mount')
    expect(mounts.filter((mount) => !mount.endsWith(',readonly'))).toEqual([
      expect.stringMatching(/^type=bind,source=[^,]+,target=\/pipewright\/work$/),
    ])
    expect(mounts).toHaveLength(7)
    expect(given(args!, '--memory')).toEqual([String(64 * 2 ** 20)])
    expect(given(args!, '--cpus')).toEqual(['2'])
    expect(given(args!, '--network')).toEqual(['none'])
    expect(given(args!, '--user')).toEqual([`${process.getuid!()}:${process.getgid!()}`])
    expect(given(args!, '--name')).toEqual([expect.stringMatching(/^pipewright-read-files-[\w-]{36}$/)])
  })

  test('the environment is what is declared, and home; values are on no command line', async () => {
    const engine = await engineWithImage()
    vi.stubEnv('DECLARED', 'of-the-caller')
    vi.stubEnv('UNDECLARED', 'no')
    const step = defineCommandStep({
      name: 'tell',
      env: ['DECLARED', 'NOT_SET'],
      secrets: { API_TOKEN: secret('OF_VAULT') },
      outputs: { told: file('application/json') },
      command: [
        node,
        '-e',
        "console.log(JSON.stringify(process.env)); console.error('with', process.env.API_TOKEN)",
      ],
      stdout: 'told',
      container: { image },
    })
    const { outputs, logs } = await testStep(step, {}, { secrets: { OF_VAULT: 'swordfish' } })
    const env = JSON.parse(await outputs.told.text()) as Record<string, string>
    expect(Object.keys(env).toSorted()).toEqual(['API_TOKEN', 'DECLARED', 'HOME'])
    expect(env).toMatchObject({ API_TOKEN: 'swordfish', DECLARED: 'of-the-caller' })
    expect(logs.map(({ message }) => message)).toEqual(['with [secret OF_VAULT]'])
    const [args] = await engine.calls('run')
    expect(given(args!, '--env')).toEqual(['HOME=/pipewright/work', 'DECLARED', 'API_TOKEN'])
    expect(args!.join(' ')).not.toMatch(/swordfish|of-the-caller/)
  })

  test('each attempt is a container of its own', async () => {
    const engine = await engineWithImage()
    const pw = await tempWorkspace()
    const step = stepOf('process.exit(3)', {}, { retry: { attempts: 2, delay: 1 } })
    await failure(
      pw.run(
        definePipeline({ name: 'p' }, (p) => ({ out: p.step(step, {}).out })),
        {},
      ),
    )
    const names = (await engine.calls('run')).flatMap((args) => given(args, '--name'))
    expect(new Set(names).size).toBe(2)
  })
})

describe('the engine', () => {
  test('is podman where that is what there is', async () => {
    const engine = await FakeEngine.onPath('podman')
    await engine.images({ [image]: fakeImage('a') })
    const { outputs } = await testStep(stepOf(write), {})
    expect(await outputs.out.text()).toBe('made')
    expect((await engine.calls('run'))[0]).toContain('--http-proxy=false')
  })

  test('is not there', async () => {
    await FakeEngine.onPath('podman')
    await expect(testStep(stepOf(write, { engine: 'docker' }), {})).rejects.toMatchObject({
      code: 'CONTAINER_FAILED',
      message: expect.stringContaining(
        "step 'run': no engine for containers is here: docker is not on the path\nFix: install docker",
      ) as string,
    })
    vi.stubEnv('PATH', await tempFolder())
    await expect(testStep(stepOf(write), {})).rejects.toThrow(/docker or podman is not on the path/)
  })

  test.each([
    [125, /docker could not run the container \(code 125\); it said last:\n.*Error response from daemon/],
    [126, /of the image 'tools:1' cannot be executed \(code 126\)/],
    [127, /the image 'tools:1' has no executable .* \(code 127\)/],
  ])('ends with code %i: that is no failure of the command', async (engineCode, message) => {
    const engine = await engineWithImage()
    await engine.plays({ engine: engineCode })
    await expect(testStep(stepOf(write), {})).rejects.toMatchObject({
      code: 'CONTAINER_FAILED',
      message: expect.stringMatching(message) as string,
    })
    expect(await engine.calls('rm')).toHaveLength(engineCode === 125 ? 1 : 0)
  })

  test('has no such executable; its own codes are those of the command where the step says so', async () => {
    const engine = await engineWithImage()
    const missing = stepOf('', {}, { command: ['no-such-tool', '{out}'] satisfies CommandPart[] })
    await expect(testStep(missing, {})).rejects.toMatchObject({ code: 'CONTAINER_FAILED' })
    const step = stepOf(`${write}; process.exit(126)`, {}, { exitCodes: { 126: 'success', 125: 'fail' } })
    expect(await (await testStep(step, {})).outputs.out.text()).toBe('made')
    await expect(testStep(stepOf('process.exit(1)'), {})).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
    await engine.plays({ engine: 125 })
    await expect(testStep(step, {})).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
  })

  test('is asked again where it failed, not where it has no such executable', async () => {
    const engine = await engineWithImage()
    const tries = async (code: number): Promise<number> => {
      await engine.plays({ engine: code })
      const before = (await engine.calls('run')).length
      const pw = await tempWorkspace()
      const step = stepOf(write, {}, { retry: { attempts: 2, delay: 1 } })
      await failure(
        pw.run(
          definePipeline({ name: 'p' }, (p) => ({ out: p.step(step, {}).out })),
          {},
        ),
      )
      return (await engine.calls('run')).length - before
    }
    expect(await tries(125)).toBe(2)
    expect(await tries(127)).toBe(1)
  })
})

describe('cancelled', () => {
  /** A step that tells that it runs, and how it hears of its end. */
  const waits = (pid: string, onTerm: string): string => `
    const { writeFileSync } = require('node:fs')
    process.on('SIGTERM', () => { ${onTerm} })
    setInterval(() => {}, 1000)
    writeFileSync(${JSON.stringify(pid)}, String(process.pid))`

  const stateOf = (pid: string): string =>
    spawnSync('/bin/ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout

  async function cancelled(engine: FakeEngine, onTerm: string): Promise<void> {
    const place = join(await tempFolder(), 'pid')
    const stop = new AbortController()
    const running = testStep(stepOf(waits(place, onTerm), {}, { grace: '3s' }), {}, { signal: stop.signal })
    const pid = await vi.waitFor(
      async () => {
        const text = await readFile(place, 'utf8')
        expect(text).not.toBe('')
        return text
      },
      { timeout: 20_000 },
    )
    // What is not ended by then, as it should be, does not outlive the test.
    onTestFinished(() => void spawnSync('/bin/kill', ['-9', pid]))
    stop.abort(new Error('cancelled'))
    await expect(running).rejects.toThrow('cancelled')
    await vi.waitFor(() => expect(stateOf(pid)).toMatch(/^(?:Z.*)?\s*$/), { timeout: 10_000 })
    expect(await engine.containers()).toEqual([])
  }

  test('the container is told to end by its name, and may tidy up', async () => {
    const engine = await engineWithImage()
    const heard = join(await tempFolder(), 'heard')
    await cancelled(engine, `writeFileSync(${JSON.stringify(heard)}, 'yes'); process.exit(0)`)
    expect(await readFile(heard, 'utf8')).toBe('yes')
    const [name] = given((await engine.calls('run'))[0]!, '--name')
    expect(await engine.calls('kill')).toEqual([['kill', '--signal', 'SIGTERM', name]])
    expect(await engine.calls('rm')).toEqual([['rm', '--force', '--volumes', name]])
  })

  test('one that does not heed that is killed by its name', async () => {
    const engine = await engineWithImage()
    await cancelled(engine, '')
    expect((await engine.calls('kill')).map((args) => args[2])).toEqual(['SIGTERM', 'SIGKILL'])
  })

  test('one that stays is removed', async () => {
    const engine = await engineWithImage()
    await engine.plays({ deafToKill: true })
    await cancelled(engine, '')
    expect(await engine.calls('rm')).toHaveLength(1)
  })
})

describe('the image', () => {
  test('is pulled where it is not there, and its progress is logged; what ran is what was pulled', async () => {
    const engine = await FakeEngine.onPath()
    await engine.registry({ [image]: fakeImage('b', 'tools') })
    const { outputs, logs } = await testStep(stepOf(write), {})
    expect(await outputs.out.text()).toBe('made')
    expect(logs.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['tools:1: Pulling', 'layer one: Pull complete']),
    )
    expect((await engine.calls('run'))[0]).toContain(fakeImage('b').Id)
    await testStep(stepOf(write), {})
    expect(await engine.calls('pull')).toHaveLength(1)
    await testStep(stepOf(write, { pull: 'always' }), {})
    expect(await engine.calls('pull')).toHaveLength(2)
  })

  test('is nowhere, or not here', async () => {
    const engine = await FakeEngine.onPath()
    await expect(testStep(stepOf(write), {})).rejects.toMatchObject({
      code: 'CONTAINER_FAILED',
      message: expect.stringMatching(
        /docker cannot pull the image 'tools:1'; it said last:\n[^]*not found\nFix: /,
      ) as string,
    })
    await expect(testStep(stepOf(write, { pull: 'never' }), {})).rejects.toThrow(
      /docker cannot tell what the image 'tools:1' is: Error: No such image: tools:1/,
    )
    expect(await engine.calls('pull')).toHaveLength(1)
    expect(await engine.calls('run')).toEqual([])
  })

  test('is part of the key by its digest, so are mounted folders; by a digest nobody is asked', async () => {
    const engine = await engineWithImage()
    const lib = join(await tempFolder(), 'lib')
    await mkdir(lib)
    await writeFile(join(lib, 'a'), '1')
    const pw = await tempWorkspace()
    const state = async (container: Partial<ContainerOptions> = {}): Promise<string | undefined> => {
      const step = stepOf(write, { mounts: { lib: pathToFileURL(lib) }, ...container })
      const { run } = await pw.run(
        definePipeline({ name: 'p' }, (p) => ({ out: p.step(step, {}).out })),
        {},
      )
      return (await statesOf(pw, run.id))['run']
    }
    expect(await state()).toBe('succeeded')
    expect(await state()).toBe('reused')
    expect(await state({ engine: 'docker', pull: 'never' })).toBe('reused')
    expect(await state({ network: 'bridge' })).toBe('succeeded')
    await writeFile(join(lib, 'a'), '2')
    expect(await state()).toBe('succeeded')
    expect(await state()).toBe('reused')
    await engine.images({ [image]: fakeImage('c', 'tools') })
    // An answer stands for a second.
    await vi.waitFor(async () => expect(await state()).toBe('succeeded'), { timeout: 10_000 })
    expect(await state()).toBe('reused')

    const pinned = `tools@sha256:${'c'.repeat(64)}`
    await engine.images({ [pinned]: fakeImage('c', 'tools') })
    expect(await state({ image: pinned })).toBe('succeeded')
    vi.stubEnv('PATH', await tempFolder())
    expect(await state({ image: pinned })).toBe('reused')
  })

  test('is asked for once by those items of a map that are reused', async () => {
    const engine = await engineWithImage()
    const pw = await tempWorkspace()
    const step = defineCommandStep({
      name: 'say',
      inputs: { n: z.number() },
      outputs: { same: z.number() },
      command: [node, '-p', '{n}'],
      stdout: 'same',
      container: { image },
    })
    const numbers = [1, 2, 3, 4]
    const pipeline = definePipeline({ name: 'p' }, (p) => ({
      n: p.map(numbers, (n, q) => ({ n: q.step(step, { n }).same })).n,
    }))
    expect((await pw.run(pipeline, {})).outputs.n).toEqual(numbers)
    const before = (await engine.calls('image')).length
    // An answer of the run before may still stand.
    expect((await pw.run(pipeline, {})).outputs.n).toEqual(numbers)
    expect((await engine.calls('image')).length - before).toBeLessThanOrEqual(1)
    expect(await engine.calls('run')).toHaveLength(4)
  })

  test('moves while it runs: nothing is kept of that', async () => {
    const engine = await engineWithImage()
    const pw = await tempWorkspace()
    const moved = JSON.stringify({ [image]: fakeImage('d', 'tools') })
    const code = `${write}; require('node:fs').writeFileSync(${JSON.stringify(engine.place('images.json'))}, ${JSON.stringify(moved)})`
    const pipeline = definePipeline({ name: 'p' }, (p) => ({ out: p.step(stepOf(code), {}).out }))
    const { run } = await pw.run(pipeline, {})
    expect(await pw.explain(run.id, 'run')).toMatchObject({
      verdict: 'not cached',
      reason: 'what it reads from outside has changed while it ran',
    })
  })
})

test.each<[string, object, RegExp]>([
  ['an image', { image: '--privileged' }, /container\.image: "--privileged" is not possible/],
  ['a digest', { image: 'tools@sha256:abc' }, /after @ there is a digest/],
  ['no image', {}, /container\.image: undefined is not possible/],
  ['an engine', { image, engine: 'runc' }, /container\.engine: .*\nFix: give one of: docker, podman/],
  ['a network', { image, network: 'container:other' }, /container\.network/],
  ['a policy', { image, pull: 'newer' }, /container\.pull/],
  ['a user', { image, user: '-u' }, /container\.user/],
  ['GPUs', { image, gpus: 0 }, /container\.gpus/],
  ['a folder', { image, mounts: { lib: './lib' } }, /container\.mounts\.lib/],
  ['a name', { image, mounts: { out: new URL('file:///lib') } }, /'out' is something else already/],
  ['an option', { image, imgae: 'x' }, /container: "imgae" is not possible/],
])('a definition that cannot be: %s', (_what, container, message) => {
  const define = (): unknown =>
    defineCommandStep({
      name: 'run',
      outputs: { out: file('text/plain') },
      command: ['x', '{out}'],
      container: container as ContainerOptions,
    })
  expect(define).toThrow(message)
})
