import { defineStep, report } from 'pipewright'
import { testStep } from 'pipewright/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

// What is tested here is that it compiles: literals that a step returns keep their types.
const judge = defineStep({
  name: 'judge',
  version: '1',
  inputs: { score: z.number() },
  outputs: {
    verdict: z.enum(['good', 'bad']),
    pair: z.tuple([z.number(), z.number()]),
    many: z.array(z.object({ kind: z.literal('x') })),
    any: z.json(),
  },
  run: ({ score }) => ({
    verdict: score > 1 ? 'good' : 'bad',
    pair: [score, 1],
    many: [{ kind: 'x' }],
    any: { deep: [1, [2, { a: null }]] },
  }),
})

const tell = defineStep({
  name: 'tell',
  version: '1',
  outputs: { summary: report() },
  run: () => ({ summary: { title: 'Evaluation', blocks: [{ type: 'markdown', text: 'fine' }] } }),
})

test('literals that a step returns keep their types', async () => {
  expect((await testStep(judge, { score: 2 })).outputs).toEqual({
    verdict: 'good',
    pair: [2, 1],
    many: [{ kind: 'x' }],
    any: { deep: [1, [2, { a: null }]] },
  })
  expect((await testStep(tell, {})).outputs.summary).toBeDefined()
})
