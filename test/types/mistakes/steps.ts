import { defineStep, definePredictor, file, list, metrics, model, table } from 'pipewright'
import { z } from 'zod'

export const Row = z.object({ x: z.number(), y: z.boolean() })

export const classifier = definePredictor({
  name: 'classifier',
  state: z.object({ w: z.number() }),
  input: z.object({ x: z.number() }),
  output: z.object({ p: z.number() }),
  predict: ({ w }, { x }) => ({ p: w * x }),
})

export const load = defineStep({
  name: 'load',
  inputs: { csv: file('text/csv') },
  outputs: { rows: table(Row), count: z.number(), ok: z.boolean() },
  run: async ({ csv }) => ({ rows: await csv.readCsv(Row), count: 1, ok: true }),
})

export const train = defineStep({
  name: 'train',
  inputs: { rows: table(Row), depth: z.number().default(6) },
  outputs: { model: model(classifier), loss: z.number() },
  run: ({ depth }) => ({ model: classifier.of({ w: depth }), loss: 0 }),
})

export const evaluate = defineStep({
  name: 'evaluate',
  inputs: { model: model(classifier), rows: table(Row) },
  outputs: { score: z.number(), metrics: metrics({ auc: z.number() }) },
  run: () => ({ score: 1, metrics: { auc: 1 } }),
})

export const announce = defineStep({
  name: 'announce',
  inputs: { text: z.string() },
  outputs: { sent: z.string() },
  run: ({ text }) => ({ sent: text }),
})

export const pick = defineStep({
  name: 'pick',
  inputs: { models: list(model(classifier)), scores: z.array(z.number()) },
  outputs: { model: model(classifier) },
  run: ({ models }) => ({ model: models[0]! }),
})
