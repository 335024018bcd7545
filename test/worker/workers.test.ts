import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { WorkerPool, type PoolLimits } from '../../src/worker/worker-pool.ts'
import { WorkerProcess } from '../../src/worker/worker-process.ts'
import { workerProtocol, type WorkerState } from '../../src/worker/protocol.ts'
import { tempFolder } from '../workspace/temp.ts'

const script = fileURLToPath(new URL('programs/worker.pl', import.meta.url))
const silent = { onOutput: () => undefined, onMessage: () => undefined }

/** A pool of workers in Perl that tell this state when they are ready. */
async function poolOf(limits: PoolLimits, state: WorkerState = {}) {
  const request = join(await tempFolder(), 'request.json')
  await writeFile(request, JSON.stringify({ protocol: workerProtocol, entry: { script } }))
  const pool = new WorkerPool(limits)
  onTestFinished(() => pool.close())
  const lease = (key = 'some', memoryLimit?: number) => {
    const start = async () => {
      const command = {
        command: 'perl',
        args: [script],
        cwd: '/',
        env: process.env as Record<string, string>,
        request,
      }
      const worker = new WorkerProcess(command, silent)
      await worker.ready(AbortSignal.timeout(20_000))
      return { worker, state }
    }
    return pool.lease(key, start, memoryLimit)
  }
  return { pool, lease }
}

async function ended(worker: WorkerProcess): Promise<void> {
  while (worker.end === undefined) await delay(10)
}

test('a worker that is given back is taken again, for what it has loaded', async () => {
  const { lease, pool } = await poolOf({})
  const first = await lease()
  await first.done(true)
  const other = await lease('other')
  expect(other.worker).not.toBe(first.worker)
  await other.done(true)
  expect(pool.spare).toBe(2)
  expect((await lease()).worker).toBe(first.worker)
})

test('two at a time are two', async () => {
  const { lease } = await poolOf({})
  const [one, two] = await Promise.all([lease(), lease()])
  expect(one.worker).not.toBe(two.worker)
})

test('one in which calls have left much of what the next may take is not given to that', async () => {
  const { lease } = await poolOf({}, { memory: 1_000 })
  const first = await lease()
  first.note({ memory: 1_200 })
  await first.done(true)
  const small = await lease('some', 1_999)
  expect(small.worker).not.toBe(first.worker)
  expect((await lease('some', 2_000)).worker).toBe(first.worker)
})

test('one that is not fit, or has served its calls, ends', async () => {
  const { lease, pool } = await poolOf({ calls: 2 })
  const unfit = await lease()
  await unfit.done(false)
  expect(unfit.worker.end).toEqual({ code: 0, signal: null })
  const first = await lease()
  await first.done(true)
  const second = await lease()
  expect(second.worker).toBe(first.worker)
  await second.done(true)
  expect(first.worker.end).toEqual({ code: 0, signal: null })
  expect(pool.spare).toBe(0)
})

test('one that has grown ends', async () => {
  const { lease } = await poolOf({ growth: 1_000 }, { memory: 5_000 })
  const first = await lease()
  first.note({ memory: 5_900 })
  await first.done(true)
  const again = await lease()
  expect(again.worker).toBe(first.worker)
  again.note({ memory: 6_100 })
  await again.done(true)
  expect(first.worker.end).toBeDefined()
})

test('one whose files have changed is not taken again', async () => {
  const file = join(await tempFolder(), 'code.txt')
  await writeFile(file, 'a')
  const { lease } = await poolOf({}, { files: [file] })
  const first = await lease()
  await first.done(true)
  const same = await lease()
  expect(same.worker).toBe(first.worker)
  await same.done(true)
  await writeFile(file, 'bb')
  expect((await lease()).worker).not.toBe(first.worker)
  await ended(first.worker)
})

test('idle ones, and those beyond the limit, end', async () => {
  const { lease, pool } = await poolOf({ idle: 100, spare: 1 })
  const [one, two] = await Promise.all([lease(), lease()])
  await one.done(true)
  await two.done(true)
  expect(pool.spare).toBe(1)
  await ended(one.worker)
  await ended(two.worker)
})

test('all end with the pool, those in use too', async () => {
  const { lease, pool } = await poolOf({})
  const [one, two] = await Promise.all([lease(), lease()])
  await one.done(true)
  await pool.close()
  await ended(one.worker)
  await ended(two.worker)
})

/** A worker that is this Perl program, with `$to` to answer on. */
function talking(program: string): WorkerProcess {
  const start = "use IO::Handle; open(my $to, '+<&=', 3); $to->autoflush;"
  const command = {
    command: 'perl',
    args: ['-e', `${start} ${program}`],
    cwd: '/',
    env: {},
    request: '/none',
  }
  const worker = new WorkerProcess(command, silent)
  onTestFinished(() => worker.kill())
  return worker
}

test('a worker of another version is refused, and both versions are named', async () => {
  const hello = {
    type: 'hello',
    protocol: 'pipewright-worker/2',
    language: 'perl',
    version: '5',
    formats: [],
  }
  const worker = talking(`print $to '${JSON.stringify(hello)}', "\\n"; sleep 60`)
  await expect(worker.hello(AbortSignal.timeout(20_000))).rejects.toThrow(
    /speaks pipewright-worker\/2, .* pipewright-worker\/1/,
  )
  await ended(worker)
})

test('a worker that says what is no message, or cannot be heard any more, is ended', async () => {
  const babbling = talking('print $to "what?\\n"; sleep 60')
  await expect(babbling.ready(AbortSignal.timeout(20_000))).rejects.toThrow('what is no message: what?')
  await ended(babbling)
  const deaf = talking('close $to; sleep 60')
  await expect(deaf.ready(AbortSignal.timeout(20_000))).rejects.toThrow('has closed descriptor 3')
  await ended(deaf)
})

test('a command that is not there is told', async () => {
  const command = { command: '/no/such/command', args: [], cwd: '/', env: {}, request: '/none' }
  const worker = new WorkerProcess(command, silent)
  await expect(worker.hello(AbortSignal.timeout(20_000))).rejects.toThrow(/cannot be started .*ENOENT/)
})
