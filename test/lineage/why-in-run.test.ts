import { definePipeline, defineStep } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { tempWorkspace } from '../workspace/temp.ts'

const square = defineStep({
  name: 'square',
  version: '1',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: ({ n }) => ({ n: n * n }),
})

const double = defineStep({
  name: 'double',
  version: '1',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: ({ n }) => ({ n: n * 2 }),
})

const squares = definePipeline({ name: 'squares', inputs: { n: z.number() } }, (p, input) => ({
  n: p.step(square, { n: input.n }).n,
}))
const doubles = definePipeline({ name: 'doubles', inputs: { n: z.number() } }, (p, input) => ({
  n: p.step(double, { n: input.n }).n,
  other: p.step(square, { n: 2 }).n,
}))

test('two steps give the same: told is the first, or the one of the run and node that are named', async () => {
  const pw = await tempWorkspace()
  const first = await pw.run(squares, { n: 2 })
  const second = await pw.run(doubles, { n: 2 })
  const digest = (await pw.show(second.run.id)).executions.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((value) => ('artifact' in value ? [value.artifact.digest] : [])),
  )[0]!
  const makingOf = async (place?: { run: string; node?: string }): Promise<unknown> => {
    const { roots, artifacts } = await pw.why(digest, place)
    const { run, node } = artifacts[roots[0]!]!.making!
    return { run, node }
  }
  expect(await makingOf()).toEqual({ run: first.run.id, node: 'square' })
  expect(await makingOf({ run: second.run.id, node: 'double' })).toEqual({
    run: second.run.id,
    node: 'double',
  })
  // What it has reused was made in the run before.
  expect(await makingOf({ run: second.run.id, node: 'square' })).toEqual({
    run: first.run.id,
    node: 'square',
  })
})
