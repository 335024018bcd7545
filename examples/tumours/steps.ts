import { defineStep, file, list, metrics, model, report, table, type Report, type Table } from 'pipewright'
import { z } from 'zod'
import { unitChart } from './chart.ts'
import { fitLogistic, tumourClassifier } from './logistic.ts'
import { labelOf, Tumour, vectorOf } from './rows.ts'
import { areaUnder, calibrationError, calibrationOf, confusionOf, rocCurve, type Scored } from './scores.ts'
import { serve } from './serve.ts'

/** Reads the table; a row that does not fit the schema fails here, with its line. */
export const load = defineStep({
  name: 'load',
  inputs: { csv: file('text/csv') },
  outputs: { rows: table(Tumour) },
  run: async ({ csv }, ctx) => {
    const rows = await csv.readCsv(Tumour)
    ctx.log.info('loaded', { rows: rows.length })
    return { rows }
  },
})

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[result[i], result[j]] = [result[j]!, result[i]!]
  }
  return result
}

/** A generator of numbers in [0, 1) from a seed (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** Splits 60 / 20 / 20, each part with the same share of malignant rows. */
export const split = defineStep({
  name: 'split',
  inputs: { rows: table(Tumour), seed: z.number().int() },
  outputs: { train: table(Tumour), validation: table(Tumour), test: table(Tumour) },
  run: ({ rows, seed }) => {
    // Not ctx.random, whose seed is the cache key: a split must stay the same when its code is edited.
    const random = numbersFrom(seed)
    const parts = { train: [] as Tumour[], validation: [] as Tumour[], test: [] as Tumour[] }
    for (const label of [0, 1]) {
      const stratum = shuffled(
        [...rows.rows()].filter((row) => labelOf(row) === label),
        random,
      )
      const [first, second] = [Math.round(stratum.length * 0.6), Math.round(stratum.length * 0.8)]
      parts.train.push(...stratum.slice(0, first))
      parts.validation.push(...stratum.slice(first, second))
      parts.test.push(...stratum.slice(second))
    }
    return parts
  },
})

/** What is tried. */
export const Trial = z.object({
  l2: z.number().nonnegative(),
  epochs: z.number().int().positive().default(400),
})

export const train = defineStep({
  name: 'train',
  inputs: { rows: table(Tumour), trial: Trial },
  outputs: { model: model(tumourClassifier), metrics: metrics({ loss: z.number() }) },
  run: ({ rows, trial }, ctx) => {
    const all = rows.toArray()
    let loss = Number.NaN
    const state = fitLogistic(all.map(vectorOf), all.map(labelOf), {
      ...trial,
      rate: 0.3,
      onEpoch: (epoch, value) => {
        loss = value
        if (epoch % 20 === 0) {
          ctx.metric('loss', value, { step: epoch })
          ctx.progress(epoch, trial.epochs)
        }
      },
    })
    return { model: tumourClassifier.of(state), metrics: { loss } }
  },
})

function quality(rows: readonly Scored[]): {
  values: { auc: number; accuracy: number; calibration: number }
  report: Report
} {
  const roc = rocCurve(rows)
  const { tp, fp, tn, fn } = confusionOf(rows)
  const calibration = calibrationOf(rows)
  const values = {
    auc: areaUnder(roc),
    accuracy: (tp + tn) / rows.length,
    calibration: calibrationError(calibration),
  }
  const points = roc.map((p) => ({ x: p.falsePositiveRate, y: p.truePositiveRate }))
  const matrix = `| | predicted malignant | predicted benign |\n|---|---|---|\n| malignant | ${tp} | ${fn} |\n| benign | ${fp} | ${tn} |`
  return {
    values,
    report: {
      title: 'Evaluation',
      blocks: [
        {
          type: 'markdown',
          text: `AUC ${values.auc.toFixed(4)}, accuracy ${values.accuracy.toFixed(4)}\n\n${matrix}`,
        },
        {
          type: 'image',
          mediaType: 'image/svg+xml',
          alt: 'ROC curve',
          data: unitChart('ROC curve', 'false positive rate', 'true positive rate', points),
        },
        {
          type: 'image',
          mediaType: 'image/svg+xml',
          alt: 'Calibration',
          data: unitChart(
            'Calibration',
            'predicted',
            'observed',
            calibration.map((bin) => ({ x: bin.predicted, y: bin.observed })),
            true,
          ),
        },
      ],
    },
  }
}

export const evaluate = defineStep({
  name: 'evaluate',
  inputs: { model: model(tumourClassifier), rows: table(Tumour) },
  outputs: {
    metrics: metrics({ auc: z.number(), accuracy: z.number(), calibration: z.number() }),
    auc: z.number(),
    report: report(),
  },
  run: async ({ model, rows }) => {
    const all = rows.toArray()
    const outputs = await model.predictAll(all)
    const scored = outputs.map(({ malignant }, i): Scored => ({
      probability: malignant,
      label: labelOf(all[i]!),
    }))
    const { values, report } = quality(scored)
    return { metrics: values, auc: values.auc, report }
  },
})

export const pickBest = defineStep({
  name: 'pick-best',
  inputs: { models: list(model(tumourClassifier)), scores: z.array(z.number()).min(1) },
  outputs: { model: model(tumourClassifier), index: z.number().int() },
  run: ({ models, scores }) => {
    const index = scores.indexOf(Math.max(...scores))
    return { model: models[index]!, index }
  },
})

export const gate = defineStep({
  name: 'gate',
  inputs: { auc: z.number(), least: z.number() },
  outputs: { passed: z.boolean() },
  run: ({ auc, least }, ctx) => {
    ctx.log.info(auc >= least ? 'the model is good enough' : 'the model is not good enough', { auc, least })
    return { passed: auc >= least }
  },
})

/** Serves the model over HTTP, asks it once for a real row and takes the server down again. */
export const deploy = defineStep({
  name: 'deploy',
  effect: true,
  inputs: { model: model(tumourClassifier), rows: table(Tumour) },
  outputs: { endpoint: z.string(), answer: z.number() },
  timeout: '30s',
  run: async ({ model, rows }, ctx) => {
    const server = await serve(model)
    try {
      const health = await fetch(`${server.url}/health`, { signal: ctx.signal })
      if (!health.ok) throw new Error(`the server is not healthy: ${health.status}`)
      const { diagnosis, ...features } = sampleOf(rows)
      const response = await fetch(`${server.url}/predict`, {
        method: 'POST',
        body: JSON.stringify(features),
        signal: ctx.signal,
      })
      const { malignant } = z.object({ malignant: z.number() }).parse(await response.json())
      ctx.log.info('answered', { diagnosis, malignant })
      return { endpoint: server.url, answer: malignant }
    } finally {
      await server.close()
    }
  },
})

function sampleOf(rows: Table<Tumour>): Tumour {
  return rows.row(0)
}
