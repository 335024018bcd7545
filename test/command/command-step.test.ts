import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineCommandStep, definePipeline, directory, file, list, metrics, secret, table } from 'pipewright'
import { testStep } from 'pipewright/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { failure, statesOf, tempFolder, tempWorkspace } from '../workspace/temp.ts'

const node = process.execPath

afterEach(() => vi.unstubAllEnvs())

/** What a program was given: its arguments, its environment, its folder. */
const told =
  'console.log(JSON.stringify({ argv: process.argv.slice(1), env: process.env, cwd: process.cwd() }))'
const Told = z.object({ argv: z.array(z.string()), env: z.record(z.string(), z.string()), cwd: z.string() })

describe('arguments', () => {
  test('are texts of their own, whatever is in them; a list is several, a group needs its inputs', async () => {
    const step = defineCommandStep({
      name: 'tell',
      inputs: {
        text: z.string(),
        words: z.array(z.string()),
        number: z.number(),
        shape: z.object({ a: z.number() }),
        missing: z.string().optional(),
      },
      outputs: { told: Told },
      command: [
        node,
        '-e',
        told,
        '--',
        '{text}',
        '{words}',
        ['--n', '{number}'],
        ['--missing', '{missing}'],
        'all={words}',
        '{shape}',
        '{{number}}, {}',
      ],
      stdout: 'told',
    })
    const text = '$(id) `id` ; rm -rf "\'\n* \\'
    const { outputs } = await testStep(step, { text, words: ['a b', '-x'], number: 1.5, shape: { a: 1 } })
    expect(outputs.told.argv).toEqual([
      text,
      'a b',
      '-x',
      '--n',
      '1.5',
      'all=a b,-x',
      '{"a":1}',
      '{number}, {}',
    ])
  })

  test('name files, tables and a file of all json inputs by their paths', async () => {
    const code = `
      const { readFileSync, readdirSync } = require('node:fs')
      const [csv, rows, folder, inputs, ...files] = process.argv.slice(1)
      const read = (path) => readFileSync(path, 'utf8')
      console.log(JSON.stringify([read(csv), read(rows), readdirSync(folder), JSON.parse(read(inputs)), files.map(read)]))`
    const step = defineCommandStep({
      name: 'read',
      inputs: {
        csv: file('text/csv'),
        rows: table(z.object({ x: z.number(), name: z.string() })),
        folder: directory(),
        files: list(file('text/plain')),
        rate: z.number(),
      },
      outputs: { read: z.array(z.any()) },
      command: [node, '-e', code, '--', '{csv}', '{rows}', '{folder}', '{inputs}', '{files}'],
      stdout: 'read',
    })
    const root = await tempFolder()
    await mkdir(join(root, 'folder'))
    for (const name of ['a.csv', 'folder/b', 'c']) await writeFile(join(root, name), `of ${name}`)
    const { outputs } = await testStep(step, {
      csv: join(root, 'a.csv'),
      rows: [{ x: 1, name: 'a,b' }],
      folder: join(root, 'folder'),
      files: [join(root, 'c'), join(root, 'a.csv')],
      rate: 2,
    })
    expect(outputs.read).toEqual(['of a.csv', 'x,name\n1,"a,b"\n', ['b'], { rate: 2 }, ['of c', 'of a.csv']])
  })
})

test('the environment is what is declared; secrets are variables, and are redacted', async () => {
  vi.stubEnv('DECLARED', 'yes')
  vi.stubEnv('UNDECLARED', 'no')
  const step = defineCommandStep({
    name: 'tell',
    env: ['DECLARED'],
    secrets: { API_TOKEN: secret('OF_VAULT') },
    outputs: { told: file('application/json') },
    command: [node, '-e', `${told}; console.error('with', process.env.API_TOKEN)`],
    stdout: 'told',
  })
  const { outputs, logs } = await testStep(step, {}, { secrets: { OF_VAULT: 'swordfish' } })
  const { env } = Told.parse(JSON.parse(await outputs.told.text()))
  expect(env).toMatchObject({ DECLARED: 'yes', API_TOKEN: 'swordfish', PATH: process.env['PATH'] })
  expect(env).not.toHaveProperty('UNDECLARED')
  expect(logs.map(({ message }) => message)).toEqual(['with [secret OF_VAULT]'])
})

test('outputs are files where the command is told, or where it writes; data is read from JSON', async () => {
  const code = `
    const { mkdirSync, writeFileSync } = require('node:fs')
    const [text, data] = process.argv.slice(1)
    writeFileSync(text, 'text')
    writeFileSync(data, '{"loss":0.5}')
    mkdirSync('made/inside', { recursive: true })
    writeFileSync('made/inside/a', 'a')`
  const step = defineCommandStep({
    name: 'make',
    outputs: { text: file('text/plain'), scores: metrics({ loss: z.number() }), made: directory() },
    command: [node, '-e', code, '--', '{text}', '{scores}'],
    places: { made: 'made' },
  })
  const { outputs } = await testStep(step, {})
  expect(await outputs.text.text()).toBe('text')
  expect(outputs.scores).toEqual({ loss: 0.5 })
  expect(await readFile(join(await outputs.made.path(), 'inside/a'), 'utf8')).toBe('a')
})

describe('what goes wrong', () => {
  const run = (code: string, more: object = {}, options: object = {}): Promise<unknown> =>
    testStep(
      defineCommandStep({
        name: 'run',
        outputs: { out: file('text/plain') },
        command: [node, '-e', code, '--', '{out}'],
        ...more,
      }),
      {},
      options,
    )

  test('the executable is not there, or may not be run', async () => {
    const missing = defineCommandStep({ name: 'run', command: ['no-such-tool'] })
    await expect(testStep(missing, {})).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      message: expect.stringContaining(
        "step 'run': the executable 'no-such-tool' is not there\nFix: install",
      ) as string,
    })
    const tool = join(await tempFolder(), 'tool')
    await writeFile(tool, '#!/bin/sh\n')
    await chmod(tool, 0o600)
    await expect(testStep(defineCommandStep({ name: 'run', command: [tool] }), {})).rejects.toThrow(
      /cannot be started: EACCES/,
    )
  })

  test('it ends with a code, or by a signal: its last lines are told', async () => {
    await expect(run("console.error('one'); console.error('two'); process.exit(3)")).rejects.toThrow(
      /step 'run': '.*' ended with code 3; it said last:\none\ntwo\nFix: /,
    )
    await expect(run("process.kill(process.pid, 'SIGSEGV')")).rejects.toThrow(/was ended by SIGSEGV/)
  })

  test('an output is not there, is no JSON, or leads out of the folder', async () => {
    await expect(run('')).rejects.toThrow(/output 'out': the command has not written .*out-out/)
    const json = { outputs: { out: z.number() } }
    await expect(run("require('node:fs').writeFileSync(process.argv[1], 'x')", json)).rejects.toThrow(
      /is no JSON/,
    )
    const outside = join(await tempFolder(), 'outside')
    await writeFile(outside, '1')
    const link = `require('node:fs').symlinkSync(${JSON.stringify(outside)}, process.argv[1])`
    await expect(run(link)).rejects.toThrow(/leads out of ctx\.workdir/)
    await expect(run(link, json)).rejects.toThrow(/leads out of ctx\.workdir/)
  })

  test('a pipe is not left full, bytes are no UTF-8, nothing ends a line', async () => {
    const code = `
      const { writeFileSync, writeSync } = require('node:fs')
      process.stderr.write(Buffer.from([0x61, 0xff, 0x62, 0x0a]))
      for (let i = 0; i < 128; i++) writeSync(1, 'x'.repeat(65536))
      writeFileSync(process.argv[1], 'made')`
    const logs: string[] = []
    const step = defineCommandStep({
      name: 'run',
      outputs: { out: file('text/plain') },
      command: [node, '-e', code, '--', '{out}'],
    })
    const result = await testStep(step, {})
    for (const { message } of result.logs) logs.push(message)
    expect(await result.outputs.out.text()).toBe('made')
    expect(logs).toContain('a\ufffdb')
    expect(logs.join('').length).toBeLessThan(4.2 * 1024 * 1024)
    expect(logs.at(-1)).toBe(`… ${4 * 1024 * 1024} bytes more were printed and are not kept`)
  })

  test('it is cancelled: it and what it has started are ended, also where they do not heed SIGTERM', async () => {
    const pids = join(await tempFolder(), 'pids')
    const deaf = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"
    const code = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(deaf)}], { stdio: 'inherit' })
      require('node:fs').writeFileSync(${JSON.stringify(pids)}, process.pid + ',' + child.pid)
      ${deaf}`
    const stop = new AbortController()
    const running = run(code, { grace: '1200ms' }, { signal: stop.signal })
    await vi.waitFor(() => readFile(pids, 'utf8'), { timeout: 20_000 })
    stop.abort(new Error('cancelled'))
    await expect(running).rejects.toThrow('cancelled')
    const of = (await readFile(pids, 'utf8')).trim()
    // Gone, or zombies where nobody collects those.
    const states = (): string => spawnSync('ps', ['-o', 'stat=', '-p', of], { encoding: 'utf8' }).stdout
    await vi.waitFor(() => expect(states()).toMatch(/^(?:Z.*\s*)*$/), { timeout: 10_000 })
  })

  test('what it leaves behind is ended with it, and does not keep it waiting', async () => {
    const code = `
      const { spawn } = require('node:child_process')
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
      require('node:fs').writeFileSync(process.argv[1], String(child.pid))
      process.exit(0)`
    const step = defineCommandStep({
      name: 'run',
      outputs: { pid: file('text/plain') },
      command: [node, '-e', code, '--', '{pid}'],
    })
    const pid = await (await testStep(step, {})).outputs.pid.text()
    const state = (): string => spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout
    await vi.waitFor(() => expect(state()).toMatch(/^(?:Z.*)?\s*$/))
  })

  test('what it has printed is whole, also where what it leaves behind holds its output', async () => {
    const code = `
      const { spawn } = require('node:child_process')
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).unref()
      process.stdout.write('x'.repeat(300000), () => process.exit(0))`
    const step = defineCommandStep({
      name: 'run',
      outputs: { out: file('text/plain') },
      command: [node, '-e', code],
      stdout: 'out',
    })
    expect(await (await testStep(step, {})).outputs.out.text()).toHaveLength(300_000)
  })

  test.each<[string, object, RegExp]>([
    ['a placeholder', { command: ['x', '{inn}'] }, /nothing is called '\{inn\}'/],
    ['no arguments', { command: 'sort -o x' }, /this is no list of arguments/],
    [
      'an output',
      { command: ['x'], outputs: { out: file('text/plain') } },
      /nothing says where output 'out' is written/,
    ],
    ['what is printed', { command: ['x'], stdout: 'other' }, /'other' is not an output/],
    [
      'a printed directory',
      { command: ['x'], outputs: { out: directory() }, stdout: 'out' },
      /cannot be printed/,
    ],
    [
      'a table',
      { command: ['x', '{out}'], outputs: { out: table(z.object({})) } },
      /is a table, which no command writes/,
    ],
    ['an input', { command: ['x'], inputs: { inputs: z.string() } }, /no input can be called 'inputs'/],
  ])('a definition that cannot be: %s', (_what, more, message) => {
    expect(() => defineCommandStep({ name: 'run', ...(more as { command: string[] }) })).toThrow(message)
  })
})

describe('in a run', () => {
  test('exit codes decide about another try', async () => {
    const folder = await tempFolder()
    const code = (exit: number): string => `
      const { appendFileSync } = require('node:fs')
      appendFileSync(${JSON.stringify(join(folder, 'tries'))}, '${exit}')
      process.exit(${exit})`
    const of = (exit: number) =>
      defineCommandStep({
        name: `exit-${exit}`,
        command: [node, '-e', code(exit)],
        retry: { attempts: 2, delay: 1 },
        exitCodes: { 1: 'success', 2: 'fail' },
      })
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      for (const exit of [1, 2, 3]) p.step(of(exit), {})
      return {}
    })
    const pw = await tempWorkspace()
    const id = await failure(pw.run(pipeline, {}, { failure: 'continue' }))
    expect(await statesOf(pw, id)).toEqual({ 'exit-1': 'succeeded', 'exit-2': 'failed', 'exit-3': 'failed' })
    expect((await readFile(join(folder, 'tries'), 'utf8')).split('').toSorted()).toEqual(['1', '2', '3', '3'])
  })

  test('it is cached by its command, its version, its inputs and the files that it names', async () => {
    const root = await tempFolder()
    const script = join(root, 'script.sh')
    await writeFile(script, 'echo "$1 in $2" > "$3"\n')
    const step = (version: string, word = 'line') =>
      defineCommandStep({
        name: 'say',
        version,
        inputs: { n: z.number() },
        outputs: { said: file('text/plain') },
        files: { script: pathToFileURL(script) },
        command: ['sh', '{script}', word, '{n}', '{said}'],
      })
    const pw = await tempWorkspace({ root })
    const state = async (made: ReturnType<typeof step>, n: number): Promise<string | undefined> => {
      const pipeline = definePipeline({ name: 'p' }, (p) => ({ said: p.step(made, { n }).said }))
      const { run, outputs } = await pw.run(pipeline, {})
      expect(await outputs.said.text()).toContain(` in ${n}\n`)
      return (await statesOf(pw, run.id))['say']
    }
    expect(await state(step('1'), 1)).toBe('succeeded')
    expect(await state(step('1'), 1)).toBe('reused')
    expect(await state(step('2'), 1)).toBe('succeeded')
    expect(await state(step('1', 'row'), 1)).toBe('succeeded')
    expect(await state(step('1'), 2)).toBe('succeeded')
    await writeFile(script, 'echo "now $1 in $2" > "$3"\n')
    expect(await state(step('1'), 1)).toBe('succeeded')
    expect(await state(step('1'), 1)).toBe('reused')
    await symlink(script, join(root, 'link'))
  })
})
