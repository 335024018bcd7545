// Python steps whose code is that of the workspace that runs them.
import { definePipeline, definePythonStep } from 'pipewright'
import { z } from 'zod'

const needing = definePythonStep({
  name: 'needing',
  outputs: { version: z.string() },
  module: 'needs',
  function: 'f',
})

const doubling = definePythonStep({
  name: 'doubling',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  module: 'mine',
  function: 'double',
})

const missing = definePythonStep({
  name: 'missing',
  outputs: { n: z.number() },
  module: 'mine',
  function: 'double',
  python: 'python-no-such',
})

export const needs = definePipeline({ name: 'needs' }, (p) => ({ version: p.step(needing, {}).version }))

export const doubles = definePipeline({ name: 'doubles', inputs: { n: z.number() } }, (p, { n }) => ({
  n: p.step(doubling, { n }).n,
}))

export const misses = definePipeline({ name: 'misses' }, (p) => ({ n: p.step(missing, {}).n }))
