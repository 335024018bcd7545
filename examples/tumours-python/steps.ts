import { definePythonStep, defineStep, metrics, model, report, table } from 'pipewright'
import { confusionMatrix, rocCurve } from 'pipewright/charts'
import { z } from 'zod'
import { Features, labelOf, Tumour, vectorOf } from '../tumours/rows.ts'
import { scoresOf } from './onnx.ts'

/** What Python leaves and TypeScript scores. */
const classifier = model({
  format: 'onnx',
  input: Features,
  output: z.object({ malignant: z.number().min(0).max(1) }),
})

/** Trains in Python; its environment is made of `requirements.txt` before the first run. */
export const train = definePythonStep({
  name: 'train',
  inputs: {
    rows: table(Tumour),
    trees: z.number().int().positive(),
    depth: z.number().int().positive(),
    seed: z.number().int(),
  },
  outputs: { model: classifier, metrics: metrics({ loss: z.number() }) },
  script: new URL('./train.py', import.meta.url),
  function: 'train',
  python: { requirements: 'requirements.txt' },
  timeout: '5m',
})

/** Evaluates in TypeScript what Python has trained. */
export const evaluate = defineStep({
  name: 'evaluate',
  inputs: { model: classifier, rows: table(Tumour) },
  outputs: { metrics: metrics({ auc: z.number(), accuracy: z.number() }), auc: z.number(), report: report() },
  run: async ({ model, rows }) => {
    const all = rows.toArray()
    const scores = await scoresOf(await model.bytes(), all.map(vectorOf))
    const roc = rocCurve(all.map(labelOf), scores)
    const matrix = confusionMatrix(
      all.map(({ diagnosis }) => diagnosis),
      scores.map((score) => (score >= 0.5 ? 'malignant' : 'benign')),
    )
    const { auc } = roc.data
    return {
      metrics: { auc, accuracy: matrix.data.accuracy },
      auc,
      report: { title: 'Evaluation', blocks: [roc, matrix] },
    }
  },
})
