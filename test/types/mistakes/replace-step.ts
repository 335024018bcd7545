import { defineCommandStep, definePythonStep, file, model, table } from 'pipewright'
import { replaceStep } from 'pipewright/testing'
import { registerModel } from 'pipewright/registry'
import { z } from 'zod'
import { announce, classifier, train } from './steps.ts'

replaceStep(announce, ({ text }) => ({ sent: text }))
replaceStep(train, ({ depth }) => ({ model: classifier.of({ w: depth }), loss: 0 }))
const register = registerModel({ name: 'm', predictor: classifier })
replaceStep(register, ({ model }) => ({ model, version: 1 }))

// expect: Type 'number' is not assignable to type 'string'
replaceStep(announce, () => ({ sent: 3 }))

// expect: Property 'loss' is missing in type
replaceStep(train, () => ({ model: classifier.of({ w: 1 }) }))

// expect: Property 'txt' does not exist on type
replaceStep(announce, ({ txt }) => ({ sent: txt }))

// expect: Type 'string' is not assignable to type 'number'
replaceStep(register, ({ model }) => ({ model, version: '1' }))

const rows = table(z.object({ x: z.number() }))
const inPython = definePythonStep({
  name: 'in-python',
  inputs: { rows },
  outputs: { rows, model: model({ format: 'onnx' }) },
  module: 'train',
  function: 'train',
})
const align = defineCommandStep({
  name: 'align',
  inputs: { n: z.number() },
  outputs: { out: file('text/plain') },
  command: ['align', '{n}', '{out}'],
})
replaceStep(inPython, ({ rows }) => ({ rows: rows.toArray(), model: new Uint8Array([1]) }))
replaceStep(inPython, async ({ rows }) => ({ rows, model: new Uint8Array([1]) }))
replaceStep(align, ({ n }) => ({ out: new Uint8Array([n]) }))

// expect: Type '{ x: string; }[]' is not assignable to type 'TableOutput<{ x: number; }
replaceStep(inPython, () => ({ rows: [{ x: 'one' }], model: new Uint8Array([1]) }))

// expect: Property 'model' is missing in type
replaceStep(inPython, ({ rows }) => ({ rows }))

// expect: Type 'number' is not assignable to type 'FileOutput'
replaceStep(align, ({ n }) => ({ out: n }))
