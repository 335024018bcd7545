import { definePipeline, file } from 'pipewright'
import { z } from 'zod'
import { load, split } from '../tumours/steps.ts'
import { evaluate, train } from './steps.ts'

/** Tells malignant from benign tumours: rows are read and split in TypeScript, the model is trained in Python. */
export const tumoursPython = definePipeline(
  {
    name: 'tumours-python',
    inputs: {
      csv: file('text/csv'),
      trees: z.number().int().positive().default(100),
      depth: z.number().int().positive().default(3),
      seed: z.number().int().default(7),
    },
  },
  (p, { csv, trees, depth, seed }) => {
    const { rows } = p.step(load, { csv })
    const parts = p.step(split, { rows, seed })
    const { model } = p.step(train, { rows: parts.train, trees, depth, seed })
    const { auc, metrics, report } = p.step(evaluate, { model, rows: parts.test })
    return { model, auc, metrics, report }
  },
)
