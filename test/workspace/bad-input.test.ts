import { chmod, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PipewrightError } from 'pipewright'
import {
  definePipeline,
  defineStep,
  file,
  RunFailedError,
  table,
  type Pipeline,
  type Workspace,
} from 'pipewright'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { openFileStore } from '../../src/store/file-store.ts'
import { statesOf, tempFolder, tempWorkspace } from './temp.ts'

function returning(value: unknown, schema: z.ZodType = z.any()) {
  const step = defineStep({
    name: 'returns',
    version: '1',
    cache: 'never',
    outputs: { value: schema },
    run: () => ({ value }),
  })
  return definePipeline({ name: 'returning' }, (p) => ({ value: p.step(step, {}).value }))
}

async function failure<In, Out>(
  pw: Workspace,
  pipeline: Pipeline<In, Out>,
  inputs: never = {} as never,
): Promise<RunFailedError> {
  const error: unknown = await pw.run(pipeline, inputs).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(RunFailedError)
  return error as RunFailedError
}

describe('inputs and outputs of the wrong shape', () => {
  test('all problems of all inputs are listed, with paths, before anything is recorded', async () => {
    const pw = await tempWorkspace()
    const pipeline = definePipeline(
      {
        name: 'p',
        inputs: {
          config: z.object({ rate: z.number(), names: z.array(z.string()) }),
          csv: file(),
          count: z.int(),
        },
      },
      () => ({}),
    )
    const error: unknown = await pw
      .run(pipeline, { config: { rate: 'x', names: ['a', 3] }, csv: 7, count: 1.5 } as never)
      .catch((thrown: unknown) => thrown)
    const { code, message } = error as PipewrightError
    expect(code).toBe('INPUT_INVALID')
    for (const path of ['config.rate', 'config.names[1]', 'csv', 'count'])
      expect(message).toContain(`  ${path}:`)
    expect((await pw.runs()).items).toEqual([])
  })

  test('an output of the wrong shape names step, node, output and path', async () => {
    const pw = await tempWorkspace()
    const error = await failure(pw, returning({ a: [1, 'x'] }, z.object({ a: z.array(z.number()) })))
    expect(error.message).toContain("step 'returns' (node 'returns'), output 'value'")
    expect((error.cause as Error).message).toContain('.a[1]')
  })

  test('undeclared and missing outputs', async () => {
    const pw = await tempWorkspace()
    const wrong = (run: () => unknown) => {
      const step = defineStep({ name: 's', version: '1', outputs: { score: z.number() }, run: run as never })
      return definePipeline({ name: 'p' }, (p) => p.step(step, {}))
    }
    expect(
      String(
        (
          await failure(
            pw,
            wrong(() => ({ scor: 1 })),
          )
        ).cause,
      ),
    ).toContain("did you mean 'score'?")
    expect(
      String(
        (
          await failure(
            pw,
            wrong(() => undefined),
          )
        ).cause,
      ),
    ).toContain("output 'score': the output is missing")
    expect(
      String(
        (
          await failure(
            pw,
            wrong(() => 3),
          )
        ).cause,
      ),
    ).toContain('returned a number')
  })

  test.each([
    ['Date', new Date(), 'an instance of Date'],
    ['Map', new Map(), 'an instance of Map'],
    ['bigint', 1n, 'a bigint'],
    ['class instance', new (class Point {})(), 'an instance of Point'],
    ['undefined in an array', [1, undefined], '[1] is undefined'],
    ['NaN', { deep: [Number.NaN] }, '.deep[0] is NaN'],
    [
      'circular',
      (() => {
        const a: Record<string, unknown> = {}
        return (a.a = a)
      })(),
      '.a is a circular reference',
    ],
  ])('%s cannot be stored, and says why', async (_name, value, text) => {
    const pw = await tempWorkspace()
    const error = await failure(pw, returning(value))
    expect((error.cause as PipewrightError).code).toBe('VALUE_NOT_STORABLE')
    expect((error.cause as Error).message).toContain(text)
    expect((error.cause as Error).message).toContain("step 'returns' (node 'returns'), output 'value'")
  })
})

describe('throwing', () => {
  test.each([['a string'], [42], [null], [undefined], [{ odd: true }]])(
    'what is no Error (%j) is recorded as it is',
    async (thrown) => {
      const pw = await tempWorkspace()
      const step = defineStep({
        name: 's',
        version: '1',
        run: () => {
          // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- the point of the test
          throw thrown
        },
      })
      const error = await failure(
        pw,
        definePipeline({ name: 'p' }, (p) => p.step(step, {})),
      )
      expect(error.failures[0]?.message).toContain('a value that is no Error was thrown')
      expect(error.failures[0]?.cause).toEqual(thrown)
    },
  )

  test('an unhandled rejection inside a step fails that step alone, with captureConsole', async () => {
    const pw = await tempWorkspace()
    const leaks = defineStep({
      name: 'leaks',
      version: '1',
      run: async () => {
        void Promise.reject(new Error('forgotten'))
        await new Promise((resolve) => setTimeout(resolve, 50))
      },
    })
    const fine = defineStep({
      name: 'fine',
      version: '1',
      run: () => new Promise<void>((resolve) => setTimeout(resolve, 20)),
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      p.step(leaks, {})
      p.step(fine, {})
      return {}
    })
    const error: unknown = await pw
      .run(pipeline, {}, { captureConsole: true, failure: 'continue' })
      .catch((thrown: unknown) => thrown)
    expect((error as RunFailedError).failures).toMatchObject([{ node: 'leaks', message: 'forgotten' }])
    expect(await statesOf(pw, (error as RunFailedError).run)).toEqual({ leaks: 'failed', fine: 'succeeded' })
  })

  test('what a step prints or rejects after its end harms nobody, with captureConsole', async () => {
    const printed = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    onTestFinished(() => {
      printed.mockRestore()
      warned.mockRestore()
    })
    const late = defineStep({
      name: 'late',
      version: '1',
      run: () => {
        setTimeout(() => {
          console.log('after my end')
          void Promise.reject(new Error('forgotten'))
        }, 10)
      },
    })
    const slow = defineStep({
      name: 'slow',
      version: '1',
      run: () => new Promise<void>((resolve) => setTimeout(resolve, 60)),
    })
    const pw = await tempWorkspace()
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      p.step(late, {})
      p.step(slow, {})
      return {}
    })
    await pw.run(pipeline, {}, { captureConsole: true })
    expect(printed).toHaveBeenCalledWith('after my end')
    expect(String(warned.mock.calls[0]?.[0])).toContain("step 'late'")
  })

  test('console output of a step is its log, with captureConsole', async () => {
    const pw = await tempWorkspace()
    const prints = defineStep({
      name: 'prints',
      version: '1',
      run: () => console.log('from the step', { a: 1 }),
    })
    const seen = vi.fn<(text: string) => void>()
    await pw.run(
      definePipeline({ name: 'p' }, (p) => p.step(prints, {})),
      {},
      { captureConsole: true, onUpdate: ({ event }) => event.type === 'attempt.log' && seen(event.message) },
    )
    expect(seen).toHaveBeenCalledWith('from the step { a: 1 }')
  })
})

describe('sources', () => {
  const pipeline = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, () => ({}))

  test('a missing file, a folder in place of a file', async () => {
    const pw = await tempWorkspace()
    await expect(pw.run(pipeline, { csv: '/nowhere/rows.csv' })).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('/nowhere/rows.csv does not exist') as string,
    })
    await expect(pw.run(pipeline, { csv: await tempFolder() })).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
    })
  })

  test('rows that do not fit are listed with their lines', async () => {
    const path = join(await tempFolder(), 'rows.csv')
    await writeFile(path, 'x,y\n1,true\noops,false\n3,perhaps\n')
    const Row = z.object({ x: z.number(), y: z.boolean() })
    const load = defineStep({
      name: 'load',
      version: '1',
      inputs: { csv: file('text/csv') },
      outputs: { rows: table(Row) },
      run: async ({ csv }) => ({ rows: await csv.readCsv(Row) }),
    })
    const error = await failure(
      await tempWorkspace(),
      definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) =>
        p.step(load, { csv: input.csv }),
      ),
      { csv: path } as never,
    )
    expect((error.cause as Error).message).toContain('line 3, x')
    expect((error.cause as Error).message).toContain('line 4, y')
  })
})

const big = defineStep({
  name: 'big',
  version: '1',
  outputs: { text: file('text/plain') },
  run: () => ({ text: Buffer.alloc(20_001, 'b') }),
})
const length = defineStep({
  name: 'length',
  version: '1',
  cache: 'never',
  inputs: { text: file('text/plain') },
  outputs: { n: z.number() },
  run: async ({ text }) => ({ n: (await text.text()).length }),
})
const lengths = definePipeline({ name: 'lengths' }, (p) => p.step(length, { text: p.step(big, {}).text }))

describe('a workspace that was damaged', () => {
  async function storedBlob(root: string): Promise<string> {
    const objects = join(root, '.pipewright', 'objects')
    for (const shard of await readdir(objects)) {
      for (const name of await readdir(join(objects, shard))) {
        const path = join(objects, shard, name)
        if ((await readFile(path)).length > 20_000) return path
      }
    }
    throw new Error('no blob')
  }

  test('a flipped bit in a stored blob is found before a step sees it', async () => {
    const root = await tempFolder()
    const one = await tempWorkspace({ root })
    await one.run(lengths, {})
    await one.close()
    const path = await storedBlob(root)
    const bytes = await readFile(path)
    bytes[100]! ^= 1
    await chmod(path, 0o644)
    await writeFile(path, bytes)
    const two = await tempWorkspace({ root })
    // Nothing is lost: the run makes the value again.
    const { run, outputs } = await two.run(lengths, {})
    expect(outputs).toEqual({ n: 20_001 })
    const attempts = (await two.show(run.id)).executions.flatMap((execution) => execution.attempts)
    expect(attempts.filter(({ end }) => end === 'lost-input')).toMatchObject([
      { error: { code: 'BLOB_CORRUPT' } },
    ])
  })

  test('a truncated database is refused by name; blobs stay', async () => {
    const root = await tempFolder()
    const one = await tempWorkspace({ root })
    await one.run(lengths, {})
    await one.close()
    const path = join(root, '.pipewright', 'metadata.sqlite')
    await truncate(path, 5_000)
    await expect(tempWorkspace({ root })).rejects.toMatchObject({
      code: 'WORKSPACE_CORRUPT',
      message: expect.stringContaining(path) as string,
    })
    expect(await storedBlob(root)).toBeTruthy()
  })

  test('a workspace of a newer version is refused', async () => {
    const root = await tempFolder()
    await (await tempWorkspace({ root })).close()
    const { openConnection } = await import('../../src/record/sqlite/open.ts')
    const database = await openConnection(join(root, '.pipewright', 'metadata.sqlite'))
    database.exec(
      "insert into migrations select number + 100, 'future', checksum, applied_at from migrations",
    )
    database.close()
    await expect(tempWorkspace({ root })).rejects.toMatchObject({ code: 'WORKSPACE_NEWER' })
  })

  test('a folder that cannot be made', async () => {
    const root = await tempFolder()
    await writeFile(join(root, '.pipewright'), 'in the way')
    await expect(tempWorkspace({ root })).rejects.toMatchObject({ code: 'STORE_READ_ONLY' })
  })

  test('a full disk: a clear error, nothing half-written, and the run goes on when there is room', async () => {
    const root = await tempFolder()
    let full = true
    const { open } = await import('node:fs/promises')
    const folder = join(root, 'blobs')
    await mkdir(folder)
    const store = await openFileStore(folder, {
      open: async (path, flags, mode) => {
        if (full) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
        return open(path, flags, mode)
      },
    })
    const pw = await tempWorkspace({ root, store })
    const error = await failure(pw, lengths)
    expect((error.cause as PipewrightError).code).toBe('STORE_FULL')
    expect(await readdir(join(folder, 'tmp'))).toEqual([])
    full = false
    expect((await pw.resume(error.run, lengths)).outputs).toEqual({ n: 20_001 })
  })
})

describe('much of everything', () => {
  test('the same pipeline twice at once', async () => {
    const root = await tempFolder()
    const [one, two] = [await tempWorkspace({ root }), await tempWorkspace({ root })]
    const results = await Promise.all([one.run(lengths, {}), two.run(lengths, {}), one.run(lengths, {})])
    expect(results.map(({ outputs }) => outputs.n)).toEqual([20_001, 20_001, 20_001])
    expect((await one.runs()).items).toHaveLength(3)
  })

  test('100,000 log lines', async () => {
    const pw = await tempWorkspace()
    const chatty = defineStep({
      name: 'chatty',
      version: '1',
      run: (_inputs, ctx) => {
        for (let i = 0; i < 100_000; i++) ctx.log.info(`line ${i}`)
        ctx.log.info('x'.repeat(100_000))
      },
    })
    const { run } = await pw.run(
      definePipeline({ name: 'p' }, (p) => p.step(chatty, {})),
      {},
    )
    const [execution] = (await pw.show(run.id)).executions
    const log = await readFile(join(pw.root, '.pipewright', execution!.attempts[0]!.log!), 'utf8')
    const lines = log.trim().split('\n')
    expect(lines).toHaveLength(100_001)
    expect(JSON.parse(lines[99_999]!)).toMatchObject({ level: 'info', message: 'line 99999' })
    expect(lines[100_000]!.length).toBeLessThan(20_000)
  })

  test('step names that cannot be file names', async () => {
    const pw = await tempWorkspace()
    const names = ['..', '.', 'con', 'a:b*?"<>|', 'a\\b', 'ÜNÎ', '🙂', 'x'.repeat(200)]
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      for (const name of names) {
        const step = defineStep({
          name,
          version: '1',
          run: (_inputs, ctx) => {
            ctx.log.info(ctx.workdir)
          },
        })
        p.step(step, {})
      }
      return {}
    })
    const { run } = await pw.run(pipeline, {})
    expect(Object.keys(await statesOf(pw, run.id)).toSorted()).toEqual(names.toSorted())
  })
})
