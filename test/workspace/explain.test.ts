import { definePipeline, defineStep, renderExplanation, table } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { tempWorkspace } from './temp.ts'

const make = (options: object = {}) => {
  const rows = defineStep({
    name: 'rows',
    version: '1',
    inputs: { count: z.number() },
    outputs: { rows: table(z.object({ x: z.number() })) },
    run: ({ count }) => ({ rows: Array.from({ length: count }, (_, x) => ({ x })) }),
  })
  const train = defineStep({
    name: 'train',
    version: '1',
    inputs: { rows: table(z.object({ x: z.number() })), rate: z.number(), threads: z.number().default(1) },
    outputs: { y: z.number() },
    ignore: ['threads'],
    ...options,
    run: ({ rows: { length }, rate }) => ({ y: length * rate }),
  })
  return definePipeline({ name: 'p', inputs: { count: z.number(), rate: z.number() } }, (p, input) => {
    const made = p.step(rows, { count: input.count })
    return { y: p.step(train, { rows: made.rows, rate: input.rate }, { id: 'fit' }).y }
  })
}

test('a node is explained against the nearest earlier execution of its step', async () => {
  const pw = await tempWorkspace()
  const explain = async (
    options: object,
    inputs: { count: number; rate: number },
    more: Parameters<typeof pw.run>[2] = {},
  ): Promise<string> => {
    const { run } = await pw.run(make(options), inputs, more)
    return renderExplanation(await pw.explain(run.id, 'fit'))
  }
  expect(await explain({}, { count: 2, rate: 0.1 })).toContain(
    "there is no earlier execution of step 'train'",
  )
  expect(await explain({}, { count: 2, rate: 0.1 })).toMatch(/^fit \(train\): reused from run .*, node fit$/)
  expect(await explain({}, { count: 2, rate: 0.2 })).toMatch(/input rate: 0.1 -> 0.2$/)
  // Nearest to the second, not to the latest.
  const both = await explain({}, { count: 3, rate: 0.1 })
  expect(both).toMatch(
    /input rows: table [0-9a-f]{12}, 2 rows of x -> table [0-9a-f]{12}, 3 rows of x\n {6}rows: 2 -> 3$/,
  )
  expect(both).not.toContain('rate')
  expect(await explain({ version: '2' }, { count: 2, rate: 0.1 })).toContain('version 1 -> 2')
  expect(await explain({ salt: 'a' }, { count: 2, rate: 0.1 })).toContain('salt (none) -> a')
  expect(await explain({}, { count: 2, rate: 0.1 }, { cache: 'refresh' })).toContain(
    'nothing has changed since run',
  )
  expect(await explain({ cache: 'never' }, { count: 2, rate: 0.1 })).toContain(
    "executed, not cached: the step says cache: 'never'",
  )
})

test('what was not executed is named', async () => {
  const pw = await tempWorkspace()
  const { run } = await pw.run(make(), { count: 1, rate: 1 })
  await expect(pw.explain(run.id, 'fti')).rejects.toMatchObject({
    code: 'NODE_NOT_FOUND',
    fix: "did you mean 'fit'?",
  })
})
