import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineCommandStep, definePipeline, file, secret, type ContainerOptions } from 'pipewright'
import { testStep } from 'pipewright/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { statesOf, tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { RealEngine } from './real-engines.ts'

describe.each(['docker', 'podman'] as const)('by a real %s', (engine) => {
  let real: RealEngine

  beforeAll(async () => {
    real = await RealEngine.start(engine)
    await real.image('tools:1', 'one')
  }, 120_000)
  afterAll(() => real?.stop(), 60_000)

  beforeEach(() => {
    for (const [name, value] of Object.entries(real.env)) vi.stubEnv(name, value)
  })
  afterEach(() => vi.unstubAllEnvs())

  /** A step whose shell script writes its output. */
  const step = (script: string, container: Partial<ContainerOptions> = {}, more: object = {}) =>
    defineCommandStep({
      name: 'run',
      outputs: { out: file('text/plain') },
      command: ['sh', '-c', script, 'sh', '{out}'],
      container: { image: 'tools:1', engine, ...container },
      ...more,
    })

  const said = async (
    script: string,
    container: Partial<ContainerOptions> = {},
    more: object = {},
  ): Promise<string> => {
    const { outputs } = await testStep(step(script, container, more), {})
    return outputs.out.text()
  }

  /** The containers that are there, ended ones too. */
  const left = (): Promise<string> => real.ask('ps', '--all', '--quiet')

  test('files go in and come out, are those of the caller, and are reused', async () => {
    const pw = await tempWorkspace()
    const path = join(await tempFolder(), 'in.txt')
    await writeFile(path, 'shout')
    const loud = defineCommandStep({
      name: 'loud',
      inputs: { text: file('text/plain'), suffix: z.string() },
      outputs: { out: file('text/plain'), facts: z.object({ length: z.number() }) },
      command: [
        'sh',
        '-c',
        `tr a-z A-Z < "$1" > "$2"; echo -n "$3" >> "$2"; echo "{\\"length\\": $(wc -c < "$2")}" > facts.json`,
        'sh',
        '{text}',
        '{out}',
        '{suffix}',
      ],
      places: { facts: 'facts.json' },
      container: { image: 'tools:1', engine },
    })
    const pipeline = definePipeline({ name: 'loud', inputs: { text: file('text/plain') } }, (p, { text }) =>
      p.step(loud, { text, suffix: '! $(id)' }),
    )
    const { outputs } = await pw.run(pipeline, { text: path })
    expect(await outputs.out.text()).toBe('SHOUT! $(id)')
    expect(outputs.facts).toEqual({ length: 12 })
    const again = await pw.run(pipeline, { text: path })
    expect(await statesOf(pw, again.run.id)).toEqual({ loud: 'reused' })
    expect(await left()).toBe('')
  })

  test('it sees what is declared: no network, no variables, inputs to be read only', async () => {
    vi.stubEnv('REGION', 'eu')
    vi.stubEnv('UNSAID', 'unsaid')
    expect(await said('ls /sys/class/net > "$1"')).toBe('lo\n')
    const variables = await said('env > "$1"', {}, { env: ['REGION'] })
    expect(variables).toContain('REGION=eu')
    expect(variables).not.toContain('UNSAID')
    const folder = await tempFolder()
    await mkdir(join(folder, 'lib'))
    await writeFile(join(folder, 'lib', 'a.txt'), 'of the project')
    const mounts = { lib: pathToFileURL(`${join(folder, 'lib')}/`) }
    const reading = defineCommandStep({
      name: 'reads',
      outputs: { out: file('text/plain') },
      command: ['sh', '-c', 'cat "$2/a.txt" > "$1"; touch "$2/b.txt" 2>> "$1"; true', 'sh', '{out}', '{lib}'],
      container: { image: 'tools:1', engine, mounts },
    })
    const { outputs } = await testStep(reading, {})
    expect(await outputs.out.text()).toMatch(/^of the project.*Read-only file system/)
  })

  test('a secret is a variable, and taken out of what is printed', async () => {
    const { outputs, logs } = await testStep(
      step(
        'echo "it is $token"; echo -n "$token" | wc -c > "$1"',
        {},
        { secrets: { token: secret('TOKEN') } },
      ),
      {},
      { secrets: { TOKEN: 'sesame open' } },
    )
    expect(Number(await outputs.out.text())).toBe(11)
    expect(logs.map(({ message }) => message)).toContain('it is [secret TOKEN]')
  })

  test('it runs as who calls, or as whom the step says', async () => {
    expect(await said('id -u > "$1"')).toBe(`${process.getuid!()}\n`)
    expect(await said('id -u > /tmp/u; cat /tmp/u; cat /tmp/u > "$1"', { user: '0:0' })).toBe('0\n')
  })

  test('codes and missing executables are told', async () => {
    await expect(testStep(step('echo no rows >&2; exit 3'), {})).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringMatching(/ended with code 3[\s\S]*no rows/) as string,
    })
    const missing = defineCommandStep({
      name: 'missing',
      command: ['no-such-program'],
      container: { image: 'tools:1', engine },
    })
    await expect(testStep(missing, {})).rejects.toMatchObject({ code: 'CONTAINER_FAILED' })
    await expect(
      testStep(step('true', { image: 'no-such-image:1', pull: 'never' }), {}),
    ).rejects.toMatchObject({
      code: 'CONTAINER_FAILED',
      message: expect.stringContaining("cannot tell what the image 'no-such-image:1' is") as string,
    })
  })

  test.each([
    ['heeds', 'trap "echo tidied; exit 1" TERM'],
    ['ignores', 'trap "" TERM'],
  ])('one that %s being told to end is gone when its time is over', async (_, trap) => {
    const stop = new AbortController()
    const script = `${trap}; while true; do sleep 0.1; done`
    const running = testStep(step(script, {}, { grace: '3s' }), {}, { signal: stop.signal })
    await expect.poll(left, { timeout: 30_000 }).not.toBe('')
    stop.abort(new Error('cancelled by the test'))
    await expect(running).rejects.toThrow('cancelled by the test')
    await expect.poll(left, { timeout: 10_000 }).toBe('')
  })

  test('one that takes more memory than it may have is ended', async () => {
    const more = { resources: { memory: '64MiB' } }
    await expect(testStep(step('tail /dev/zero', {}, more), {})).rejects.toMatchObject({
      code: 'STEP_OUT_OF_MEMORY',
    })
    expect(await left()).toBe('')
  })

  test('an image is pulled; another one under its tag runs the step again, one by its digest is asked of nobody', async () => {
    const name = `${real.registry}/tools:latest`
    const publish = async (version: string): Promise<void> => {
      await real.image(name, version)
      await real.ask('push', name)
      await real.ask('rmi', name)
    }
    await publish('one')
    const pw = await tempWorkspace()
    const pipelineOf = (image: string) =>
      definePipeline({ name: 'versions', inputs: {} }, (p) => ({
        out: p.step(step('cat /version > "$1"', { image, pull: 'always' }), {}).out,
      }))
    const first = await pw.run(pipelineOf(name), {})
    expect(await first.outputs.out.text()).toBe('one')
    const [digest] = JSON.parse(
      await real.ask('image', 'inspect', '--format', '{{json .RepoDigests}}', name),
    ) as [string]
    expect(await statesOf(pw, (await pw.run(pipelineOf(name), {})).run.id)).toEqual({ run: 'reused' })
    await publish('two')
    // What an image is is asked once a second.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const second = await pw.run(pipelineOf(name), {})
    expect(await second.outputs.out.text()).toBe('two')
    const pinned = await pw.run(pipelineOf(digest), {})
    expect(await pinned.outputs.out.text()).toBe('one')
    await expect(pw.run(pipelineOf(`${real.registry}/nowhere:1`), {})).rejects.toThrow(
      `${engine} cannot pull the image`,
    )
  })
})
