import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandSchemas } from '../../scripts/cli-format.ts'
import { tempFolder } from '../workspace/temp.ts'
import {
  command,
  commandEnvironment,
  livePipelines,
  pipelines,
  pipewright,
  projectFolder,
} from './command.ts'

const target = `${pipelines}#doubles`

/** Ends a command's reader after its first piece of text. */
function closedEarly(cwd: string, args: readonly string[]): Promise<{ code: number | null; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...command, ...args], {
      cwd,
      env: { ...process.env, ...commandEnvironment },
    })
    let err = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.stdout.once('data', () => child.stdout.destroy())
    child.on('close', (code) => resolve({ code, err }))
  })
}

test('with --json what only groups commands prints its help, and the version is a document', async () => {
  const cwd = await tempFolder()
  for (const [args, named] of [
    [['--json'], 'pipewright'],
    [['py', '--json'], 'py'],
  ] as const) {
    const { code, out } = await pipewright(cwd, ...args)
    expect(code).toBe(2)
    expect(commandSchemas.help.parse(JSON.parse(out)).command).toContain(named)
  }
  // It lists where it is given nothing else.
  expect((await pipewright(cwd, 'artifacts', '--json')).out).toContain('WORKSPACE_NOT_FOUND')
  for (const name of ['-V', '--version']) {
    const { code, out } = await pipewright(cwd, name, '--json')
    expect(code).toBe(0)
    expect(commandSchemas.version.parse(JSON.parse(out)).version).toMatch(/^\d+\.\d+\.\d+/)
  }
})

test('what modules log while they are loaded is no part of what programs read', async () => {
  const cwd = await projectFolder()
  await writeFile(
    join(cwd, 'loud.ts'),
    `import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'
console.log('load', 1)
console.table([{ load: 2 }])
console.dir({ load: 3 })
const add = defineStep({ name: 'add', inputs: { n: z.number() }, outputs: { n: z.number() }, run: ({ n }) => ({ n: n + 1 }) })
export const loud = definePipeline({ name: 'loud', inputs: { n: z.number() } }, (p, { n }) => p.step(add, { n }))
`,
  )
  const graph = await pipewright(cwd, 'graph', 'loud.ts', '--json')
  expect(JSON.parse(graph.out)).toMatchObject({ pipeline: 'loud' })
  for (const load of ['load 1', '2', 'load: 3']) expect(graph.err).toContain(load)
  const run = await pipewright(cwd, 'run', 'loud.ts', '-i', 'n=1', '--json')
  expect(JSON.parse(run.out.trim().split('\n').at(0)!)).toMatchObject({ event: {} })
  expect((await pipewright(cwd, 'complete', '--', 'run', 'loud.ts', '-i', '')).out).toBe('n=\tnumber\n')
})

describe('what is given to the command line may be wrong', () => {
  test.each([
    [['rnu'], "unknown command 'rnu'", 'did you mean run?'],
    [['run', target, '--tga', 'x'], "unknown option '--tga'", 'did you mean --tag?'],
    [['resume'], "missing required argument 'run'", '--help'],
    [['runs', '--limit', 'many'], '--limit', 'give a whole number from 1'],
    [['run', target, '-i', 'itms=[1]'], "has no input 'itms'", "did you mean 'items'?"],
    [['run', target, '-i', 'items=1'], 'items', 'expected array'],
    [['run', target, '--failure', 'sotp'], '--failure sotp is not a policy', "did you mean 'stop'?"],
    [['run', target, '--progress', 'lively'], '--progress lively', "did you mean 'live'?"],
    [['run', target, '--timeout', '5 minutes'], '--timeout 5 minutes is not a duration', '5m'],
    [['gc', '--older-than', 'abc'], '--older-than abc is not a duration', '7d'],
    [['run', target, '--cache', 'refesh'], '--cache refesh is not a mode', "did you mean 'refresh'?"],
    [['run', target, '--only', 'mpa'], "--only: no node of pipeline 'doubles'", "did you mean 'map'?"],
    [['runs', '--state', 'faild'], '--state faild is not a state', "did you mean 'failed'?"],
    [['artifacts', 'lst'], "artifacts has no command 'lst'", "did you mean 'list'?"],
    [['artifacts', 'exprot', 'x', '-o', 'y'], '-o', 'did you mean pipewright artifacts export?'],
    [['completion', 'zhs'], 'no completion for zhs', "did you mean 'zsh'?"],
    [['run'], 'no pipeline is named', 'name a file'],
    [['graph', target, '-f', 'dto'], '--format dto', "did you mean 'dot'?"],
    [['logs', '--level', 'wran'], '--level wran', "did you mean 'warn'?"],
    [['init', '--test', 'jest'], '--test jest', 'known: node, vitest'],
    [['artifacts', 'import', 'nowhere'], 'is no exported run', 'artifacts export'],
  ])('%j', async (args, message, fix) => {
    const cwd = await tempFolder()
    const { code, err } = await pipewright(cwd, ...args)
    expect(err).toContain(message)
    expect(err).toContain(fix)
    expect(err).not.toContain('    at ')
    expect(code).toBe(2)
    const { out } = await pipewright(cwd, ...args, '--json')
    const { error } = commandSchemas.error.parse(JSON.parse(out))
    expect(error.message).toContain(message)
    expect(`${error.message} ${error.fix}`).toContain(fix)
  })

  test('nothing of that makes a workspace', async () => {
    const cwd = await tempFolder()
    for (const args of [['show'], ['logs'], ['gc'], ['why', 'x'], ['resume', 'x'], ['artifacts']]) {
      const { code, err } = await pipewright(cwd, ...args)
      expect({ args, code, err }).toMatchObject({
        code: 2,
        err: expect.stringContaining('WORKSPACE_NOT_FOUND') as string,
      })
    }
    expect((await pipewright(cwd, 'doctor')).out).toContain('none yet: the first run makes it')
  })

  test('a run id that is unknown or ambiguous: the nearest, or all that are meant', async () => {
    const cwd = await tempFolder()
    await pipewright(cwd, 'run', target)
    await pipewright(cwd, 'run', target)
    const { items } = JSON.parse((await pipewright(cwd, 'runs', '--json')).out) as { items: { id: string }[] }
    const [a, b] = items.map(({ id }) => id) as [string, string]
    const several = await pipewright(cwd, 'show', a.slice(0, 3))
    expect(several.code).toBe(2)
    expect(several.err).toContain(`several runs start with '${a.slice(0, 3)}'`)
    for (const id of [a, b]) expect(several.err).toContain(`${id} (doubles, succeeded)`)
    const mistyped = await pipewright(cwd, 'show', `${a.slice(0, -1)}${a.endsWith('0') ? '1' : '0'}`)
    expect(mistyped.err).toContain(`did you mean ${a}?`)
    expect((await pipewright(cwd, 'show', 'xyz')).err).toContain('see `pipewright runs`')
    // The latest is meant where none is named.
    expect((await pipewright(cwd, 'show')).out).toContain(`run ${a}`)
  })
})

describe('files may be wrong', () => {
  const broken: Readonly<Record<string, readonly [text: string, message: RegExp]>> = {
    'throws.ts': [
      'const settings = {} as { host: { name: string } }\n\nexport const name = settings.host.name\n',
      /throws\.ts cannot be loaded: TypeError: Cannot read properties of undefined.*\n {2}at throws\.ts:3:35\n/,
    ],
    'syntax.ts': [
      'export const a: number =\n\n',
      /syntax\.ts cannot be loaded: .*\n {2}at syntax\.ts:\d+:\d+\n/,
    ],
    'syntax.mjs': [
      'export const a =\n',
      /syntax\.mjs cannot be loaded: SyntaxError: .*\n {2}at syntax\.mjs:2:1\n/,
    ],
    // The mistake is in what it imports.
    'imports.mjs': [
      "import './broken.mjs'\n",
      /imports\.mjs cannot be loaded: SyntaxError: .*\n {2}at broken\.mjs:2:8\n/,
    ],
    'text.mjs': ["throw 'no luck'\n", /text\.mjs cannot be loaded: it throws no luck/],
    'nothing.ts': ['export const a = 1\n', /nothing\.ts exports no pipeline/],
  }

  test.each(Object.entries(broken))('%s', async (name, [text, message]) => {
    const cwd = await tempFolder()
    await writeFile(join(cwd, 'broken.mjs'), '\nexport 1\n')
    await writeFile(join(cwd, name), text)
    const { code, err } = await pipewright(cwd, 'run', name)
    expect(err).toMatch(message)
    expect(err).toContain('Fix: ')
    expect(code).toBe(2)
  })

  test('what the settings say of a pipeline: file, line and field; a folder is told with its files', async () => {
    const cwd = await tempFolder()
    await mkdir(join(cwd, 'src'))
    await writeFile(join(cwd, 'src', 'churn.ts'), 'export const a = 1\n')
    await writeFile(
      join(cwd, 'pipewright.config.mjs'),
      "export default {\n  pipelines: {\n    churn: 'src/chrun.ts',\n    other: 'src/churn.ts#x',\n  },\n}\n",
    )
    const churn = await pipewright(cwd, 'run', 'churn')
    expect(churn.err).toMatch(
      /pipewright\.config\.mjs:3: pipelines\.churn: there is no file src\/chrun\.ts\nFix: did you mean 'src\/churn\.ts'\?\n/,
    )
    expect(churn.code).toBe(2)
    expect((await pipewright(cwd, 'run', 'other')).err).toMatch(
      /pipewright\.config\.mjs:4: pipelines\.other: src\/churn\.ts exports no pipeline\n/,
    )
    expect((await pipewright(cwd, 'run', 'src')).err).toContain(
      'src is a folder, no module with a pipeline\nFix: name a file: src/churn.ts, or a name of the settings: churn, other',
    )
    expect((await pipewright(cwd, 'run', '.')).err).not.toContain(basename(cwd))
  })

  test('a file name with a typo is answered with the one that is there', async () => {
    const cwd = await tempFolder()
    await writeFile(join(cwd, 'churn.ts'), '')
    expect((await pipewright(cwd, 'run', 'chrun.ts')).err).toContain("did you mean 'churn.ts'?")
  })

  const mistakes: readonly (readonly [string, string, RegExp])[] = [
    [
      'pipewright.config.mjs',
      'export default {\n  metadata: 7,\n}\n',
      /pipewright\.config\.mjs:2: metadata is neither a path nor a metadata store\nFix: give a file/,
    ],
    [
      'pipewright.config.mjs',
      "export default {\n  pipelines: ['a.ts'],\n}\n",
      /pipewright\.config\.mjs:2: pipelines is not an object\nFix: give \{ tumours: /,
    ],
    [
      'pipewright.config.mjs',
      'export default {\n  resources: 5,\n}\n',
      /pipewright\.config\.mjs:2: resources is not an object\nFix: give \{ memory: /,
    ],
    [
      'pipewright.config.ts',
      'export default {\n  concurrency: 2,\n  resources: {\n    gpu: -1,\n  },\n}\n',
      /pipewright\.config\.ts:4: resources\.gpu is -1\nFix: give a number above 0/,
    ],
    [
      'pipewright.config.ts',
      "import { defineConfig } from 'pipewright'\n\nexport default defineConfig({\n  concurency: 2,\n} as object)\n",
      /pipewright\.config\.ts:4: 'concurency' is not a setting\nFix: did you mean 'concurrency'\?/,
    ],
    [
      'pipewright.config.mjs',
      'export default {\n  concurrency: 2\n  root: 1\n}\n',
      /cannot be loaded: .*\n {2}at pipewright\.config\.mjs:3:3\n/,
    ],
    ['pipewright.config.mjs', 'export const a = 1\n', /pipewright\.config\.mjs has no default export/],
  ]

  test.each(mistakes)('%s: %j', async (name, text, message) => {
    const cwd = await tempFolder()
    await writeFile(join(cwd, name), text)
    const { code, err } = await pipewright(cwd, 'runs')
    expect(err).toMatch(message)
    expect(code).toBe(2)
    const doctor = await pipewright(cwd, 'doctor')
    expect(doctor).toMatchObject({ code: 1, out: expect.stringMatching(/^fail {2}settings/m) as string })
  })
})

test('a disk that cannot be written', async () => {
  // Not even root may write there.
  const run = await pipewright('/sys', 'run', target)
  expect(run).toMatchObject({ code: 1, err: expect.stringContaining('STORE_READ_ONLY') as string })
  expect(run.err).toContain('Fix: make the folder writable')
  expect((await pipewright('/sys', 'doctor')).out).toMatch(/^fail {2}folder/m)
})

describe('a reader that has seen enough', () => {
  test('ends a listing quietly', async () => {
    const cwd = await tempFolder()
    await pipewright(
      cwd,
      'run',
      `${livePipelines}#live`,
      '-i',
      'count=3000',
      '-i',
      'epochs=1',
      '-i',
      'pause=1',
    )
    for (const args of [['show', '--json'], ['artifacts', 'cat', 'squares.square'], ['explain']])
      expect({ args, ...(await closedEarly(cwd, args)) }).toEqual({ args, code: 0, err: '' })
  })

  test('does not end a run', async () => {
    const cwd = await tempFolder()
    const { code } = await closedEarly(cwd, ['run', `${livePipelines}#live`, '-i', 'pause=5', '--json'])
    expect(code).toBe(0)
    expect((await pipewright(cwd, 'runs')).out).toContain('succeeded')
  })
})

test('escape sequences of names, logs and metrics do not reach the terminal', async () => {
  const cwd = await projectFolder()
  await writeFile(
    join(cwd, 'sly.ts'),
    `import { definePipeline, defineStep, type StepContext } from 'pipewright'
     const say = defineStep({ name: 'say', cache: 'never', inputs: {}, outputs: {}, run: (_in: object, ctx: StepContext) => {
       ctx.log.warn('\\u001b[31mred\\u001b]0;title\\u0007', { a: '\\u001b[2J' })
       ctx.metric('\\u001b[32mgreen', 1)
       throw new Error('\\u001b[5mblink')
     } })
     export const sly = definePipeline({ name: 'sly', description: '\\u001b[1m' }, (p) => { p.step(say, {}); return {} })`,
  )
  for (const args of [
    ['run', 'sly.ts', '--logs'],
    ['show'],
    ['logs'],
    ['run', 'sly.ts', '--help'],
    ['runs'],
  ]) {
    const { out, err } = await pipewright(cwd, ...args)
    expect(`${out}${err}`).not.toContain('\u001b')
    expect(`${out}${err}`).not.toContain('\u0007')
  }
})
