import { definePipeline, file } from 'pipewright'
import { registerModel } from 'pipewright/registry'
import { z } from 'zod'
import { tumourClassifier } from './logistic.ts'
import { deploy, evaluate, gate, load, pickBest, split, train, Trial } from './steps.ts'

const register = registerModel({ name: 'tumours', alias: 'champion', predictor: tumourClassifier })

/** Tells malignant from benign tumours: trains some models, and deploys the best if it is good enough. */
export const tumours = definePipeline(
  {
    name: 'tumours',
    inputs: {
      csv: file('text/csv'),
      trials: z.array(Trial).default([0.01, 0.03, 0.1, 0.3].map((l2) => ({ l2, epochs: 400 }))),
      seed: z.number().int().default(7),
      leastAuc: z.number().default(0.98),
    },
  },
  (p, input) => {
    const { rows } = p.step(load, { csv: input.csv })
    const parts = p.step(split, { rows, seed: input.seed })
    const trials = p.map(
      input.trials,
      (trial, q) => {
        const { model } = q.step(train, { rows: parts.train, trial })
        return { model, auc: q.step(evaluate, { model, rows: parts.validation }).auc }
      },
      { id: 'trials' },
    )
    const best = p.step(pickBest, { models: trials.model, scores: trials.auc })
    const final = p.step(evaluate, { model: best.model, rows: parts.test }, { id: 'final-evaluation' })
    const { passed } = p.step(gate, { auc: final.auc, least: input.leastAuc })
    const live = p.when(
      passed,
      (q) => {
        const registered = q.step(register, { model: best.model })
        const { endpoint } = q.step(deploy, { model: registered.model, rows: parts.test })
        return { endpoint, model: registered.model, version: registered.version }
      },
      { id: 'release' },
    )
    return {
      auc: final.auc,
      metrics: final.metrics,
      report: final.report,
      model: live.model,
      version: live.version,
      endpoint: live.endpoint,
    }
  },
)
