import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, definePythonStep, defineStep, type Ref, type Step } from 'pipewright'
import { z } from 'zod'
import { fastest, once, type Figure } from '../measure.ts'
import { withWorkspace } from '../workspace.ts'

const steps = 200

const shape = {
  version: '1',
  cache: 'never',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
} as const

type Increment = Step<{ value: number }, { value: number }, never>

const chainOf = (step: unknown, name: string) =>
  definePipeline({ name, inputs: { start: z.number() } }, (p, input) => {
    let value: Ref<number> = input.start
    for (let i = 0; i < steps; i++) value = p.step(step as Increment, { value }, { id: `s${i}` }).value
    return { value }
  })

const here = chainOf(
  defineStep({ ...shape, name: 'increment', run: ({ value }) => ({ value: value + 1 }) }),
  'chain-here',
)
const inPython = definePythonStep({
  ...shape,
  name: 'increment-py',
  module: 'increment',
  function: 'increment',
})
const there = chainOf(inPython, 'chain-python')
const one = definePipeline({ name: 'one-python', inputs: { value: z.number() } }, (p, { value }) => ({
  value: p.step(inPython, { value }).value,
}))

/** What a Python step costs beyond the same step here: in a process that is there, and in one that has to be started. */
export function python(): Promise<Figure[]> {
  return withWorkspace(async (pw, root) => {
    await writeFile(join(root, 'increment.py'), 'def increment(value):\n    return {"value": value + 1}\n')
    const cold = await once(() => pw.run(one, { value: 0 }))
    await pw.run(here, { start: 0 })
    await pw.run(there, { start: 0 })
    const bare = (await fastest(3, () => pw.run(here, { start: 0 }))) / steps
    const warm = (await fastest(3, () => pw.run(there, { start: 0 }))) / steps
    const process = await fastest(5, () => execFileSync('python3', ['-c', 'import json, logging, threading']))
    return [
      {
        name: 'warm Python step of a chain, beyond the same step here',
        value: warm - bare,
        unit: 'ms',
        budget: '<= 3 ms',
      },
      {
        name: 'first Python step: interpreter found, process started',
        value: cold,
        unit: 'ms',
        bare: process,
        budget: 'reported',
      },
    ]
  })
}
