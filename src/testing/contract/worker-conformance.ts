import { deepStrictEqual, match, ok, rejects, strictEqual } from 'node:assert/strict'
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '../../internal/json.ts'
import { programEnvironment } from '../../internal/environment.ts'
import {
  workerExit,
  workerProtocol,
  workerVariables,
  type HostMessage,
  type WorkerInput,
  type WorkerMessage,
  type WorkerOutputKind,
} from '../../worker/protocol.ts'
import { WorkerProcess, type CallEnd } from '../../worker/worker-process.ts'

/** What a worker may leave out. */
export type WorkerAbility = 'tables' | 'models' | 'checkpoints' | 'calls' | 'secrets' | 'reports'

/**
 * What {@link workerConformance} takes.
 *
 * @example
 * ```ts
 * workerConformance({
 *   command: 'perl',
 *   args: ['worker.pl'],
 *   entry: { script: 'functions.pl' },
 *   missingEntry: { script: 'nowhere.pl' },
 *   test,
 *   without: ['tables'],
 * })
 * ```
 */
export interface WorkerConformanceOptions {
  /** Starts the worker. */
  readonly command: string
  readonly args?: readonly string[]
  /** Names the code that has the functions which `docs/worker-protocol.md` lists. */
  readonly entry: Readonly<Record<string, Json>>
  /** Names code that is not there. */
  readonly missingEntry: Readonly<Record<string, Json>>
  /** Variables beside those that every program needs. Default: none. */
  readonly env?: Readonly<Record<string, string>>
  /** Registers a test: that of vitest, node:test or jest. */
  readonly test: (name: string, run: () => Promise<void>) => unknown
  /** What the worker does not offer. Default: nothing. */
  readonly without?: readonly WorkerAbility[]
}

const seconds = 20

/** A worker that is under test, with all that it has said. */
class Subject {
  readonly folder: string
  readonly worker: WorkerProcess
  readonly messages: WorkerMessage[] = []
  readonly lines: string[] = []
  readonly signal = AbortSignal.timeout(seconds * 1_000)
  /** Answers what the worker asks. */
  answer: (message: WorkerMessage) => HostMessage | undefined = () => undefined
  #calls = 0

  constructor(
    folder: string,
    request: string,
    { command, args = [], env = {} }: WorkerConformanceOptions,
    more = {},
  ) {
    this.folder = folder
    const environment = { ...programEnvironment([]), ...env, ...more }
    this.worker = new WorkerProcess(
      { command, args, cwd: process.cwd(), env: environment, request },
      {
        onOutput: (stream, line) => this.lines.push(`${stream} ${line}`),
        onMessage: (message) => {
          this.messages.push(message)
          const answer = this.answer(message)
          if (answer !== undefined) this.worker.send(answer)
        },
      },
    )
  }

  async begin(): Promise<void> {
    await this.worker.hello(this.signal)
    await this.worker.ready(this.signal)
  }

  async call(
    name: string,
    inputs: Readonly<Record<string, Json | WorkerInput>>,
    outputs: Readonly<Record<string, WorkerOutputKind['kind']>>,
    { signal = this.signal, grace = 5_000 }: { signal?: AbortSignal; grace?: number } = {},
  ): Promise<CallEnd> {
    this.#calls++
    const workdir = join(this.folder, `work-${this.#calls}`)
    await mkdir(workdir)
    const given = Object.entries(inputs).map(([input, value]): [string, WorkerInput] => [
      input,
      isInput(value) ? value : { kind: 'json', value },
    ])
    const declared = Object.entries(outputs).map(([output, kind]) => [output, { kind } as WorkerOutputKind])
    return this.worker.call(
      {
        type: 'run',
        id: `call-${this.#calls}`,
        function: name,
        inputs: Object.fromEntries(given),
        outputs: Object.fromEntries(declared) as Record<string, WorkerOutputKind>,
        workdir,
        exchange: join(workdir, '.exchange'),
        seed: 7,
      },
      signal,
      grace,
    )
  }
}

function isInput(value: Json | WorkerInput): value is WorkerInput {
  return typeof value === 'object' && value !== null && 'kind' in value
}

/** The json outputs of a call that must have succeeded. */
async function results(end: CallEnd): Promise<Record<string, unknown>> {
  if (end.type !== 'result') throw new Error(`the call has no result: ${JSON.stringify(end)}`)
  const found: Record<string, unknown> = {}
  for (const [name, output] of Object.entries(end.outputs)) {
    if ('value' in output) found[name] = output.value
    else if (output.kind === 'json' && 'file' in output)
      found[name] = JSON.parse(await readFile(output.file, 'utf8')) as unknown
  }
  return found
}

type Case = (
  begin: () => Promise<Subject>,
  options: WorkerConformanceOptions,
  folder: string,
) => Promise<void>

const cases: Readonly<Record<string, Case>> = {
  async 'says hello, then that it is ready, and ends with 0 when there is no more for it'(begin) {
    const subject = await begin()
    const hello = await subject.worker.hello(subject.signal)
    strictEqual(hello.protocol, workerProtocol)
    ok(hello.language !== '' && hello.version !== '', 'language and version are told')
    ok(hello.formats.includes('rows'), 'every worker reads and writes rows')
    await subject.worker.close()
    deepStrictEqual(subject.worker.end, { code: workerExit.ended, signal: null })
  },

  async 'gives json values back, of all shapes'(begin) {
    const subject = await begin()
    const value = {
      texts: ['a', 'é', '𝄞', ''],
      numbers: [0, -1.5, 1e300],
      nested: { none: null, yes: true, no: [] },
    }
    deepStrictEqual(await results(await subject.call('echo', { value }, { value: 'json' })), { value })
  },

  async 'takes and gives long values in files'(begin) {
    const subject = await begin()
    const value = 'x'.repeat(200_000)
    const file = join(subject.folder, 'long.json')
    await writeFile(file, JSON.stringify(value))
    const end = await subject.call('echo', { value: { kind: 'json', file } }, { value: 'json' })
    deepStrictEqual(await results(end), { value })
    ok(end.type === 'result' && 'file' in end.outputs['value']!, 'a long value travels in a file')
  },

  async 'serves one call after the other, in one process'(begin) {
    const subject = await begin()
    deepStrictEqual(await results(await subject.call('count', {}, { calls: 'json' })), { calls: 1 })
    deepStrictEqual(await results(await subject.call('count', {}, { calls: 'json' })), { calls: 2 })
  },

  async 'answers an error, with its message, and serves on'(begin) {
    const subject = await begin()
    const end = await subject.call('fail', { message: 'no rows' }, {})
    ok(end.type === 'error', 'an error answers')
    match(end.error.message, /no rows/)
    ok(end.error.type !== '', 'the type of the error is told')
    deepStrictEqual(await results(await subject.call('echo', { value: 1 }, { value: 'json' })), { value: 1 })
  },

  async 'says that a function is not there'(begin) {
    const end = await (await begin()).call('no_such_function', {}, {})
    ok(end.type === 'error', 'an error answers')
    strictEqual(end.error.code, 'FUNCTION_NOT_FOUND')
    match(end.error.message, /no_such_function/)
  },

  async 'keeps what a function prints out of the channel'(begin) {
    const subject = await begin()
    const text = '{"type":"result","id":"call-1","outputs":{}}'
    deepStrictEqual(await results(await subject.call('print', { text }, { done: 'json' })), { done: true })
    ok(subject.lines.includes(`stdout ${text}`), 'it is on standard output')
  },

  async 'is stopped by no output that is not read'(begin) {
    const subject = await begin()
    const text = 'y'.repeat(5_000_000)
    deepStrictEqual(await results(await subject.call('print', { text }, { done: 'json' })), { done: true })
  },

  async 'writes files into the folder of the attempt'(begin) {
    const subject = await begin()
    const path = join(subject.folder, 'given.txt')
    await writeFile(path, 'bytes')
    const given: WorkerInput = { kind: 'file', path, mediaType: 'text/plain' }
    const end = await subject.call('copy', { file: given }, { file: 'file' })
    const output = end.type === 'result' ? end.outputs['file'] : undefined
    ok(output?.kind === 'file', 'a file comes back')
    ok(output.path.startsWith(join(subject.folder, 'work-1')), 'it is in the folder of the attempt')
    strictEqual(await readFile(output.path, 'utf8'), 'bytes')
  },

  async 'ends a call that is cancelled with an error, within the grace'(begin) {
    const subject = await begin()
    const stop = new AbortController()
    const running = subject.call('wait', {}, {}, { signal: stop.signal })
    setTimeout(() => stop.abort(new Error('cancelled')), 200)
    const end = await running
    ok(end.type === 'error', `it answers an error before it would be killed, not ${JSON.stringify(end)}`)
  },

  async 'is told from a process that ends in the middle'(begin) {
    const subject = await begin()
    const end = await subject.call('exit', { code: 3 }, {})
    // What it has used is told with it where it was seen before the end.
    deepStrictEqual({ ...end, usage: undefined }, { type: 'ended', code: 3, signal: null, usage: undefined })
  },

  async 'ends when its host is gone'(begin) {
    const subject = await begin()
    await subject.worker.close()
    ok(subject.worker.end?.signal === null, 'by itself')
  },

  async 'does not talk to a host of another version'(_begin, options, folder) {
    const request = await requestFile(folder, options.entry)
    const subject = new Subject(folder, request, options, {
      [workerVariables.protocol]: 'pipewright-worker/999',
    })
    // It says which version it speaks, so that its host can tell.
    strictEqual((await subject.worker.hello(subject.signal)).protocol, workerProtocol)
    await rejects(subject.worker.ready(subject.signal), /ended with code 64/)
  },

  async 'ends with a code of its own when its request cannot be read'(_begin, options, folder) {
    const subject = new Subject(folder, join(folder, 'no-such-request.json'), options)
    await subject.worker.hello(subject.signal)
    await rejects(subject.worker.ready(subject.signal))
    await subject.worker.failure('')
    deepStrictEqual(subject.worker.end, { code: workerExit.unreadable, signal: null })
  },

  async 'refuses code that is not there'(_begin, options, folder) {
    const subject = new Subject(folder, await requestFile(folder, options.missingEntry), options)
    await subject.worker.hello(subject.signal)
    await rejects(subject.worker.ready(subject.signal), { code: 'FUNCTION_NOT_FOUND' })
    await subject.worker.failure('')
    deepStrictEqual(subject.worker.end, { code: workerExit.refused, signal: null })
  },
}

const optional: Readonly<Record<WorkerAbility, Readonly<Record<string, Case>>>> = {
  tables: {
    async 'gives a table back, in rows'(begin) {
      const subject = await begin()
      const file = join(subject.folder, 'rows.ndjson')
      const rows = [
        { name: 'a', share: 0.5, at: { $date: 0 }, big: { $bigint: '1152921504606846976' } },
        { name: null, share: { $number: 'NaN' }, at: { $date: 1 }, big: { $bigint: '1' } },
      ]
      await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
      const given: WorkerInput = {
        kind: 'table',
        format: 'rows',
        file,
        columns: [
          { name: 'name', type: 'string', missing: 'null' },
          { name: 'share', type: 'number' },
          { name: 'at', type: 'date' },
          { name: 'big', type: 'bigint' },
        ],
      }
      const end = await subject.call('table', { rows: given }, { rows: 'table' })
      const output = end.type === 'result' ? end.outputs['rows'] : undefined
      ok(output?.kind === 'table' && output.format === 'rows', `rows come back, not ${JSON.stringify(end)}`)
      const lines = (await readFile(output.file, 'utf8')).trim().split('\n')
      const back = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
      // A whole number that JSON holds may be written as one.
      for (const row of back) if (typeof row['big'] === 'number') row['big'] = { $bigint: String(row['big']) }
      deepStrictEqual(back, rows)
    },
  },
  models: {
    async 'gives a model back, with its signature'(begin) {
      const subject = await begin()
      const path = join(subject.folder, 'model.onnx')
      await writeFile(path, 'weights')
      const signature = { input: { type: 'object' }, output: null }
      const given: WorkerInput = { kind: 'model', path, format: 'onnx', signature }
      const end = await subject.call('resign', { model: given }, { model: 'model' })
      const output = end.type === 'result' ? end.outputs['model'] : undefined
      ok(output?.kind === 'model', `a model comes back, not ${JSON.stringify(end)}`)
      deepStrictEqual(output.signature, signature)
      strictEqual(await readFile(output.path, 'utf8'), 'weights')
    },
  },
  calls: {
    async 'makes a call that it is told to make, and no other one'(begin) {
      const subject = await begin()
      subject.answer = (message) => {
        if (message.type === 'once')
          return message.key === 'known'
            ? { type: 'answer', ask: message.ask, value: 1 }
            : { type: 'answer', ask: message.ask, call: { idempotencyKey: 'k' } }
        return message.type === 'called' && 'value' in message
          ? { type: 'answer', ask: message.ask, value: message.value }
          : undefined
      }
      const known = await subject.call('call_once', { key: 'known' }, { result: 'json' })
      deepStrictEqual(await results(known), { result: 1 })
      const made = await subject.call('call_once', { key: 'new' }, { result: 'json' })
      deepStrictEqual(await results(made), { result: 'called with k' })
      const called = subject.messages.filter(({ type }) => type === 'called')
      strictEqual(called.length, 1)
    },

    async 'tells of a call that fails'(begin) {
      const subject = await begin()
      subject.answer = (message) =>
        message.type === 'once'
          ? { type: 'answer', ask: message.ask, call: { idempotencyKey: 'k' } }
          : undefined
      const end = await subject.call('call_once', { key: 'fails' }, { result: 'json' })
      ok(end.type === 'error', `the call fails, not ${JSON.stringify(end)}`)
      const called = subject.messages.find((message) => message.type === 'called')
      ok(called?.type === 'called' && 'failed' in called, 'the host was told')
    },
  },
  secrets: {
    async 'asks for a secret'(begin) {
      const subject = await begin()
      subject.answer = (message) =>
        message.type === 'secret'
          ? { type: 'answer', ask: message.ask, value: `${message.name} it is` }
          : undefined
      const end = await subject.call('ask_secret', { name: 'token' }, { length: 'json' })
      deepStrictEqual(await results(end), { length: 11 })
    },
  },
  reports: {
    async 'reports in messages, in order'(begin) {
      const subject = await begin()
      await results(await subject.call('report_all', {}, {}))
      const said = subject.messages.map((message) => ({ ...message }))
      deepStrictEqual(
        said.map(({ type }) => type),
        ['log', 'metric', 'param', 'progress'],
      )
      const [log, metric, param, progress] = said
      deepStrictEqual(log, { type: 'log', level: 'warn', message: 'careful', fields: { row: 3 } })
      deepStrictEqual(metric, { type: 'metric', name: 'loss', value: 0.5, step: 3 })
      deepStrictEqual(param, { type: 'param', name: 'optimiser', value: 'sgd' })
      deepStrictEqual(progress, { type: 'progress', done: 1, total: 2 })
    },
  },
  checkpoints: {
    async 'asks for what was saved, and saves'(begin) {
      const subject = await begin()
      subject.answer = (message) => {
        if (message.type === 'restored') return { type: 'answer', ask: message.ask, value: { epoch: 4 } }
        return message.type === 'checkpoint' ? { type: 'answer', ask: message.ask } : undefined
      }
      const end = await subject.call('go_on', {}, { epoch: 'json' })
      deepStrictEqual(await results(end), { epoch: 5 })
      const saved = subject.messages.find((message) => message.type === 'checkpoint')
      ok(saved?.type === 'checkpoint' && 'value' in saved, 'a checkpoint was saved')
      deepStrictEqual(saved.value, { epoch: 5 })
    },
  },
}

async function requestFile(folder: string, entry: Readonly<Record<string, Json>>): Promise<string> {
  const path = join(folder, 'request.json')
  await writeFile(path, JSON.stringify({ protocol: workerProtocol, entry }))
  return path
}

/**
 * Registers the tests that a worker of any language must pass: it is started by a command, with functions that
 * `docs/worker-protocol.md` lists. Assertions are those of node:assert.
 *
 * @example
 * ```ts
 * workerConformance({
 *   command: 'Rscript',
 *   args: ['worker.R'],
 *   entry: { script: 'functions.R' },
 *   missingEntry: { script: 'nowhere.R' },
 *   test,
 *   without: ['checkpoints'],
 * })
 * ```
 */
export function workerConformance(options: WorkerConformanceOptions): void {
  const { test, without = [] } = options
  const wanted = Object.entries(optional)
    .filter(([ability]) => !without.includes(ability as WorkerAbility))
    .map(([, more]) => more)
  for (const [name, run] of Object.entries(Object.assign({}, cases, ...wanted) as typeof cases)) {
    test(name, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'pipewright-worker-'))
      const begun: Subject[] = []
      const begin = async (): Promise<Subject> => {
        const subject = new Subject(folder, await requestFile(folder, options.entry), options)
        begun.push(subject)
        await subject.begin()
        return subject
      }
      try {
        await run(begin, options, folder)
      } finally {
        for (const { worker } of begun) worker.kill()
        await rm(folder, { recursive: true, force: true })
      }
    })
  }
}
