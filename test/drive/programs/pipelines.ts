import { setTimeout as sleep } from 'node:timers/promises'
import { definePipeline, definePredictor, defineStep, file, model } from 'pipewright'
import { registerModel } from 'pipewright/registry'
import { z } from 'zod'

/** What steps of this process are told: the end of `slow`, by the label of its run. */
export const gates = new Map<string, () => boolean>()

const note = defineStep({
  name: 'note',
  inputs: { label: z.string() },
  outputs: { said: z.string() },
  run: ({ label }) => {
    if (label === 'fail') throw new Error('it was to fail')
    return { said: label }
  },
})

const wait = defineStep({
  name: 'wait',
  cache: 'never',
  inputs: { label: z.string() },
  outputs: { said: z.string() },
  run: async ({ label }, ctx) => {
    while (gates.get(label)?.() === false) {
      ctx.signal.throwIfAborted()
      await sleep(5)
    }
    return { said: label }
  },
})

const read = defineStep({
  name: 'read',
  inputs: { text: file('text/plain') },
  outputs: { length: z.number() },
  run: async ({ text }) => ({ length: (await text.bytes()).length }),
})

export const noting = definePipeline({ name: 'noting', inputs: { label: z.string() } }, (p, { label }) =>
  p.step(note, { label }),
)

export const slow = definePipeline({ name: 'slow', inputs: { label: z.string() } }, (p, { label }) =>
  p.step(wait, { label }),
)

export const reading = definePipeline(
  { name: 'reading', inputs: { text: file('text/plain') } },
  (p, { text }) => p.step(read, { text }),
)

export const napping = definePipeline({ name: 'napping', inputs: { label: z.string() } }, (p, { label }) => {
  const nap = p.sleep('1h', { id: 'nap' })
  return p.step(note, { label }, { after: [nap] })
})

export const asking = definePipeline({ name: 'asking', inputs: { label: z.string() } }, (p, { label }) => {
  const { approved } = p.approve({ id: 'go' })
  return { approved, said: p.step(note, { label }).said }
})

/** Another pipeline, for what follows from the first. */
export const twice = definePipeline({ name: 'twice', inputs: { label: z.string() } }, (p, { label }) =>
  p.step(note, { label }),
)

const line = definePredictor({
  name: 'line',
  state: z.object({ weight: z.number() }),
  input: z.object({ x: z.number() }),
  output: z.object({ y: z.number() }),
  predict: ({ weight }, { x }) => ({ y: weight * x }),
})

const fit = defineStep({
  name: 'fit',
  inputs: { weight: z.number() },
  outputs: { model: model(line) },
  run: ({ weight }) => ({ model: line.of({ weight }) }),
})

const register = registerModel({ name: 'line', predictor: line })

export const registering = definePipeline(
  { name: 'registering', inputs: { weight: z.number() } },
  (p, { weight }) => p.step(register, { model: p.step(fit, { weight }).model }),
)
