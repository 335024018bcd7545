import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import {
  bootstrapSchema,
  hostMessageSchema,
  workerJsonSchema,
  workerMessageSchema,
} from '../../scripts/worker-format.ts'
import {
  workerProtocol,
  workerVariables,
  type HostMessage,
  type WorkerMessage,
} from '../../src/worker/protocol.ts'
import { MessageStream } from '../../src/worker/message-stream.ts'
import { OutputLines } from '../../src/worker/output-lines.ts'
import { tempFolder } from '../workspace/temp.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

test('the published schema is that of the messages', () => {
  const published = readFileSync(path('../../schemas/worker.json'), 'utf8')
  expect(JSON.parse(published), 'npm run schema writes it').toEqual(
    JSON.parse(JSON.stringify(workerJsonSchema)),
  )
})

test('what the Python worker and its host say is of the schema', async () => {
  const folder = await tempFolder()
  const request = join(folder, 'request.json')
  const bootstrap = { protocol: workerProtocol, entry: { module: 'functions', path: [path('programs')] } }
  expect(bootstrapSchema.safeParse(bootstrap).error).toBeUndefined()
  await writeFile(request, JSON.stringify(bootstrap))
  const child = spawn('python3', [path('../../python/pipewright_worker.py')], {
    env: { ...process.env, [workerVariables.protocol]: workerProtocol, [workerVariables.request]: request },
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  })
  const channel = child.stdio[3] as Duplex
  const say = (message: HostMessage): void => {
    expect(hostMessageSchema.safeParse(message).error).toBeUndefined()
    channel.write(`${JSON.stringify(message)}\n`)
  }
  const run = (name: string, inputs: Record<string, string | { message: string }>): void =>
    say({
      type: 'run',
      id: name,
      function: name,
      inputs: Object.fromEntries(
        Object.entries(inputs).map(([input, value]) => [
          input,
          { kind: 'json' as const, value: value as string },
        ]),
      ),
      outputs: { value: { kind: 'json' }, epoch: { kind: 'json' } },
      workdir: folder,
      exchange: join(folder, 'exchange'),
      seed: 1,
    })
  const calls = [
    () => run('echo', { value: 'x' }),
    () => run('echo', { value: 'x'.repeat(100_000) }),
    () => run('fail', { message: 'no' }),
    () => run('report_all', {}),
    () => run('go_on', {}),
    () => channel.end(),
  ]
  const types = new Set<string>()
  for await (const line of createInterface({ input: channel })) {
    const message = JSON.parse(line) as WorkerMessage
    expect(workerMessageSchema.safeParse(message).error, line).toBeUndefined()
    types.add(message.type)
    if (message.type === 'restored') say({ type: 'answer', ask: message.ask, value: { epoch: 1 } })
    if (message.type === 'checkpoint') say({ type: 'answer', ask: message.ask })
    if (['ready', 'result', 'error'].includes(message.type)) calls.shift()?.()
  }
  expect([...types].sort()).toEqual([
    'checkpoint',
    'error',
    'hello',
    'log',
    'metric',
    'param',
    'progress',
    'ready',
    'restored',
    'result',
  ])
})

test('messages are taken from pieces; what is none is an error', () => {
  const taken: WorkerMessage[] = []
  const stream = new MessageStream((message) => taken.push(message))
  const bytes = Buffer.from('{"type":"progress","done":1}\n{"type":"log","level":"info","message":"é"}\n')
  for (const byte of bytes) stream.push(Uint8Array.of(byte))
  stream.push(Buffer.from('\n{"type":"progress","done":2}\n{"type"'))
  expect(taken.map(({ type }) => type)).toEqual(['progress', 'log', 'progress'])
  expect(taken[1]).toMatchObject({ message: 'é' })
  expect(() => stream.push(Buffer.from(': 1\n'))).toThrow('the worker sent what is no message')
  const endless = new MessageStream(() => undefined)
  expect(() => {
    for (let i = 0; i < 20; i++) endless.push(Buffer.alloc(1024 * 1024, 'x'))
  }).toThrow('a message of more than')
})

test('lines of output are whole, and of very much the beginning and the end', () => {
  const said: string[] = []
  const lines = new OutputLines((line) => said.push(line))
  const push = (text: string): void => lines.push(Buffer.from(text))
  push('one\ntw')
  lines.push(Buffer.from([0xc3]))
  lines.push(Buffer.from([0xa9, 10]))
  for (const part of ['10 %\r', '50 %', '\r100 %\r', '\nend']) push(part)
  lines.end()
  expect(said).toEqual(['one', 'twé', '100 %', 'end'])
  said.length = 0
  push(`${'y'.repeat(5_000_000)}\nshort\n`)
  expect(said.map((line) => line.length)).toEqual([16 * 1024 + 2, 5])
  said.length = 0
  for (let i = 0; i < 30_000; i++) push(`${String(i).padStart(99, '.')}\n`)
  lines.end()
  expect(said.length).toBeLessThan(11_000)
  expect(said.at(-1)).toMatch(/29999$/)
  expect(said.filter((line) => line.startsWith('…'))).toHaveLength(1)
})
