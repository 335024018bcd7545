import { spawnSync } from 'node:child_process'
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineSecretProvider, defineStep, secret, type SecretSource } from 'pipewright'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { commandProvider } from '../../src/secret/providers/command.ts'
import { openSecretProviders } from '../../src/secret/open-sources.ts'
import { RunSecrets } from '../../src/secret/run-secrets.ts'
import { failure, tempFolder, tempWorkspace } from '../workspace/temp.ts'

async function resolved(sources: readonly SecretSource[], root: string, name = 'API_TOKEN'): Promise<string> {
  const run = new RunSecrets(openSecretProviders(sources, root))
  return (await run.declared({ token: secret(name) }, "step 's' (node 's')")).token!
}

const print = (code: string): string[] => [process.execPath, '-e', code, '{name}']

describe('the environment', () => {
  test('has a variable of the name', async () => {
    vi.stubEnv('API_TOKEN', 'of the environment')
    expect(await resolved(['environment'], '/')).toBe('of the environment')
  })
})

describe('a file', () => {
  test('has lines as node --env-file reads them; one that is not there has none', async () => {
    const root = await tempFolder()
    await writeFile(
      join(root, '.env.secrets'),
      '# mine\nexport API_TOKEN="of \'the\' file" # yes\nOTHER=x\r\n',
    )
    expect(await resolved([{ file: 'missing' }, { file: '.env.secrets' }], root)).toBe("of 'the' file")
  })

  test('that cannot be read, or is no text, is an error and not a miss', async () => {
    const root = await tempFolder()
    await mkdir(join(root, 'folder'))
    await writeFile(join(root, 'bytes'), Buffer.from([0xff, 0xfe, 0x80]))
    await expect(resolved([{ file: 'folder' }, 'environment'], root)).rejects.toMatchObject({
      code: 'SECRET_UNAVAILABLE',
      message: expect.stringMatching(
        /step 's' \(node 's'\): the secret 'API_TOKEN' cannot be had: the file folder cannot be read: EISDIR/,
      ) as string,
    })
    await expect(resolved([{ file: 'bytes' }], root)).rejects.toMatchObject({ code: 'SECRET_INVALID' })
  })
})

describe('a folder, as Kubernetes mounts it', () => {
  test('has a file for each; the last line break is not part of it, others are', async () => {
    const root = await tempFolder()
    await mkdir(join(root, 'data'))
    await writeFile(join(root, 'data', 'api-token'), ' of the\nfolder \n')
    await writeFile(join(root, 'data', 'crlf'), 'of windows\r\n')
    await mkdir(join(root, 'mounted'))
    await symlink('../data/api-token', join(root, 'mounted', 'api-token'))
    expect(await resolved([{ folder: 'mounted' }], root, 'api-token')).toBe(' of the\nfolder ')
    expect(await resolved([{ folder: 'data' }], root, 'crlf')).toBe('of windows')
    await expect(resolved([{ folder: 'data' }], root, 'none')).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
    })
  })
})

describe('a command', () => {
  const from = (code: string, more: object = {}): SecretSource => ({ command: print(code), ...more })

  test('is run without a shell, and prints the secret of the name that it is given', async () => {
    const root = await tempFolder()
    const source = from('console.log(process.argv[1], process.cwd() === process.env.EXPECTED)')
    vi.stubEnv('EXPECTED', root)
    expect(await resolved([source], root)).toBe('API_TOKEN true')
    expect(await resolved([{ command: ['echo', '$HOME; `id` {name}'] }], root)).toBe('$HOME; `id` API_TOKEN')
  })

  test('that ends with a code has failed; its last words are told, without what it printed', async () => {
    const code = `
      process.stdout.write('swordfish-9')
      for (let line = 0; line < 9; line++) console.error('line', line, 'swordfish-9')
      process.exit(3)`
    const asked = resolved([from(code), 'environment'], '/')
    await expect(asked).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' })
    const { message } = (await asked.catch((error: unknown) => error)) as Error
    expect(message).toMatch(
      /was asked for 'API_TOKEN' and ended with code 3; it said:\nline 4 \[secret that it printed\]\n/,
    )
    expect(message).not.toMatch(/line 3|swordfish/)
  })

  test('that says by its code that it has none is not the last one asked', async () => {
    vi.stubEnv('API_TOKEN', 'of the environment')
    const none = from('process.exit(44)', { notFound: [44] })
    expect(await resolved([none, from(''), 'environment'], '/')).toBe('of the environment')
  })

  test('that takes too long is killed with what it has started, also where that keeps its pipes', async () => {
    const code = `
      const { spawn } = require('node:child_process')
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
      require('node:fs').writeFileSync(process.env.PID_FILE, String(child.pid))
      process.on('SIGTERM', () => {})
      setInterval(() => {}, 1000)`
    const file = join(await tempFolder(), 'pid')
    vi.stubEnv('PID_FILE', file)
    await expect(resolved([from(code, { timeout: 1_500 })], '/')).rejects.toThrow(
      /took longer than 1500 ms and was killed/,
    )
    const pid = (await readFile(file, 'utf8')).trim()
    // Gone, or a zombie where nobody collects those.
    const state = (): string => spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout
    await vi.waitFor(() => expect(state()).toMatch(/^(?:Z.*)?\s*$/))
  })

  test('that prints without end is killed', async () => {
    const code = 'const more = () => process.stdout.write("x".repeat(65536), more); more()'
    await expect(resolved([from(code)], '/')).rejects.toThrow(/has printed more than 262144 bytes/)
  })

  test('that is not there, or may not be run, is named', async () => {
    await expect(resolved([{ command: ['no-such-tool'] }], '/')).rejects.toThrow(
      /the command 'no-such-tool' is not there; it was asked for 'API_TOKEN'/,
    )
    const file = join(await tempFolder(), 'tool')
    await writeFile(file, '#!/bin/sh\n')
    await chmod(file, 0o600)
    await expect(resolved([{ command: [file] }], '/')).rejects.toThrow(/cannot be started: EACCES/)
  })

  test('is killed when nobody waits any more', async () => {
    const stop = new AbortController()
    const provider = commandProvider({ command: print('setInterval(() => {}, 1000)') }, '/')
    const asked = provider.get('API_TOKEN', { signal: stop.signal })
    setTimeout(() => stop.abort(new Error('enough')), 50)
    await expect(asked).rejects.toThrow('enough')
  })
})

describe('what is given', () => {
  test.each<[string, string, string]>([
    ['', 'SECRET_INVALID', "the secret 'API_TOKEN', given by the environment, is empty"],
    [' \n ', 'SECRET_INVALID', 'is white space alone'],
    ['1234567', 'SECRET_INVALID', 'has less than 8 characters'],
    [' 123456\n7', 'SECRET_INVALID', 'has less than 8 characters'],
  ])('is refused where it is no secret: %j', async (value, code, message) => {
    vi.stubEnv('API_TOKEN', value)
    const asked = resolved(['environment'], '/')
    await expect(asked).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string })
    if (value.trim() !== '') await expect(asked).rejects.not.toThrow(value.trim())
  })

  test('by nobody: the error names the secret, those who were asked, and the fix', async () => {
    const sources: SecretSource[] = ['environment', { file: '.env' }, from('vault', () => undefined)]
    await expect(resolved(sources, '/nowhere', 'NO_SUCH_SECRET')).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
      message:
        "step 's' (node 's'): nobody has the secret 'NO_SUCH_SECRET'; asked were the environment, the file .env, vault\n" +
        'Fix: give it to one of them (such as the variable NO_SUCH_SECRET), or name its provider in the settings: secrets: […]',
    })
  })

  test('by a provider that throws is an error that names it', async () => {
    const sources = [from('vault', () => Promise.reject(new Error('503'))), 'environment' as const]
    await expect(resolved(sources, '/')).rejects.toThrow(/cannot be had: vault threw: 503/)
  })

  function from(name: string, get: () => string | undefined | Promise<string>): SecretSource {
    return defineSecretProvider({ name, get })
  }
})

test('a secret is asked for once in a run, however many steps read it, and anew in the next run', async () => {
  const asked: string[] = []
  const vault = defineSecretProvider({
    name: 'vault',
    get: (name) => {
      asked.push(name)
      return `swordfish ${asked.length}`
    },
  })
  const seen: string[] = []
  const step = defineStep({
    name: 'step',
    version: '1',
    secrets: { token: secret('TOKEN') },
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: async ({ n }, ctx) => {
      seen.push(await ctx.secret('token'))
      return { n }
    },
  })
  const pipeline = definePipeline({ name: 'p' }, (p) => {
    const { n } = p.step(step, { n: 1 }, { id: 'a' })
    return { n: p.step(step, { n }, { id: 'b' }).n }
  })
  const pw = await tempWorkspace({ secrets: [vault] })
  await pw.run(pipeline, {})
  await pw.run(pipeline, {})
  expect(seen).toEqual(['swordfish 1', 'swordfish 1', 'swordfish 2', 'swordfish 2'])
  expect(asked).toEqual(['TOKEN', 'TOKEN'])
})

test('a secret that is missing costs no work and is not tried again; a provider that fails is', async () => {
  let ran = 0
  let asked = 0
  const vault = defineSecretProvider({
    name: 'vault',
    get: () => {
      if (++asked < 3) throw new Error('503')
      return 'swordfish'
    },
  })
  const step = defineStep({
    name: 'step',
    version: '1',
    retry: { attempts: 3, delay: 1 },
    secrets: { token: secret('NO_SUCH_SECRET') },
    run: () => void ran++,
  })
  const pipeline = definePipeline({ name: 'p' }, (p) => {
    p.step(step, {})
    return {}
  })
  const without = await tempWorkspace()
  const id = await failure(without.run(pipeline, {}))
  const { executions } = await without.show(id)
  expect(executions[0]!.attempts).toHaveLength(1)
  expect(executions[0]!.error).toMatchObject({ code: 'SECRET_NOT_FOUND' })
  expect(ran).toBe(0)
  const pw = await tempWorkspace({ secrets: [vault] })
  await pw.run(pipeline, {})
  expect({ ran, asked }).toEqual({ ran: 1, asked: 3 })
})

test('a secret that changes while a run waits is read anew when the run is resumed', async () => {
  const root = await tempFolder()
  await writeFile(join(root, '.env'), 'TOKEN=swordfish-1\n')
  const seen: string[] = []
  const step = defineStep({
    name: 'step',
    version: '1',
    secrets: { token: secret('TOKEN') },
    run: async (_inputs, ctx) => {
      seen.push(await ctx.secret('token'))
      if (seen.length === 1) throw new Error('expired')
    },
  })
  const pipeline = definePipeline({ name: 'p' }, (p) => {
    p.step(step, {})
    return {}
  })
  const pw = await tempWorkspace({ root, secrets: [{ file: '.env' }] })
  const id = await failure(pw.run(pipeline, {}))
  await rm(join(root, '.env'))
  await writeFile(join(root, '.env'), 'TOKEN=swordfish-2\n')
  await pw.resume(id, pipeline)
  expect(seen).toEqual(['swordfish-1', 'swordfish-2'])
})

test.each<[unknown, RegExp]>([
  ['environment', /secrets is not a list of sources/],
  [['vault'], /secrets\[0\] is no source of secrets/],
  [[{ file: '.env', folder: 'x' }], /secrets\[0\] is not one source of secrets/],
  [['environment', { path: '.env' }], /secrets\[1\] has 'path', which no source of secrets has/],
  [[{ file: '' }], /secrets\[0\] has a path that is no text/],
  [[{ file: '.env', timeout: '1s' }], /secrets\[0\] has what only a command has/],
  [[{ command: 'op read' }], /secrets\[0\] has a command that is no list of texts/],
  [[{ command: ['op'], notFound: ['1'] }], /secrets\[0\] has a notFound that is no list of exit codes/],
])('settings that cannot be are refused: %j', async (secrets, message) => {
  await expect(tempWorkspace({ secrets: secrets as SecretSource[] })).rejects.toThrow(message)
})
