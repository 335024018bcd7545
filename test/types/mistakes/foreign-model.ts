import { definePipeline, definePythonStep, defineStep, file, model, table } from 'pipewright'
import { registerModel } from 'pipewright/registry'
import { z } from 'zod'
import { classifier, load, Row } from './steps.ts'

const onnx = model({
  format: 'onnx',
  input: z.object({ x: z.number() }),
  output: z.object({ p: z.number() }),
})
const other = model({
  format: 'onnx',
  input: z.object({ text: z.string() }),
  output: z.object({ p: z.number() }),
})

const train = definePythonStep({
  name: 'train',
  inputs: { rows: table(Row) },
  outputs: { model: onnx, other },
  module: 'train',
  function: 'train',
})

const score = defineStep({
  name: 'score',
  inputs: { model: onnx },
  outputs: { bytes: z.number() },
  run: async ({ model }) => ({ bytes: (await model.bytes()).length }),
})

const predict = defineStep({
  name: 'predict',
  inputs: { model: model(classifier) },
  outputs: {},
  run: () => ({}),
})

const signed = defineStep({
  name: 'signed',
  outputs: { model: onnx },
  // expect: is not assignable to type
  run: () => ({ model: { path: 'model.onnx' } }),
})

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const { rows } = p.step(load, { csv: input.csv })
  const trained = p.step(train, { rows })
  const registered = p.step(registerModel({ name: 'm', kind: onnx }), { model: trained.model })
  p.step(score, { model: registered.model })
  p.step(registerModel({ name: 'any' }), { model: trained.other })
  // expect: Type 'Ref<ForeignModel<{ text: string; }, { p: number; }>>' is not assignable to type 'Ref<ForeignModel<{ x: number; }, { p: number; }>>'
  p.step(score, { model: trained.other })
  // expect: Type 'Ref<ForeignModel<{ x: number; }, { p: number; }>>' is not assignable to type 'Ref<Model<{ x: number; }, { p: number; }>>'
  p.step(predict, { model: trained.model })
  return { signed: p.step(signed, {}).model }
})
