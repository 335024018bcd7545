import { defineStep, file, list, metrics, model, report, table, type Table } from 'pipewright'
import { calibration, confusionMatrix, featureImportance, prCurve, rocCurve } from 'pipewright/charts'
import { z } from 'zod'
import { fitLogistic, tumourClassifier } from './logistic.ts'
import { featureNames, labelOf, Tumour, vectorOf } from './rows.ts'
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
    const weights = featureNames.map((name, i) => [name, state.weights[i]!] as const)
    ctx.report({
      title: 'What the model looks at',
      blocks: [
        {
          ...featureImportance(Object.fromEntries(weights), { most: 15 }),
          title: 'Weights of standardised features',
        },
      ],
    })
    return { model: tumourClassifier.of(state), metrics: { loss } }
  },
})

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
    const probabilities = (await model.predictAll(all)).map(({ malignant }) => malignant)
    const labels = all.map(labelOf)
    const name = (isMalignant: boolean): string => (isMalignant ? 'malignant' : 'benign')
    const roc = rocCurve(labels, probabilities)
    const calibrated = calibration(labels, probabilities)
    const matrix = confusionMatrix(
      labels.map((label) => name(label === 1)),
      probabilities.map((probability) => name(probability >= 0.5)),
    )
    const { auc } = roc.data
    return {
      metrics: { auc, accuracy: matrix.data.accuracy, calibration: calibrated.data.expectedError },
      auc,
      report: {
        title: 'Evaluation',
        blocks: [
          {
            type: 'markdown',
            text: `**AUC ${auc.toFixed(4)}** on ${all.length} rows that the model has not seen; predicted malignant from 0.5.`,
          },
          roc,
          prCurve(labels, probabilities),
          calibrated,
          matrix,
        ],
      },
    }
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
