import { definePipeline, defineStep, metrics, report, table } from 'pipewright'
import {
  calibration,
  confusionMatrix,
  featureImportance,
  prCurve,
  residuals,
  rocCurve,
} from 'pipewright/charts'
import { z } from 'zod'

const Row = z.object({ x: z.number(), label: z.boolean(), name: z.string(), at: z.date().nullable() })

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="teal"/></svg>'

const make = defineStep({
  name: 'make',
  version: '1',
  inputs: { count: z.number() },
  outputs: { rows: table(Row) },
  run: ({ count }, ctx) => {
    ctx.log.info('making', { count })
    ctx.param('seed', { value: 7 })
    return {
      rows: Array.from({ length: count }, (_, i) => ({
        x: (i * 37) % 101,
        label: (i * 13) % 7 > 3,
        name: ['ant', 'bee', 'cat'][i % 3]!,
        at: i % 5 === 0 ? null : new Date(1e12 + i * 1e9),
      })),
    }
  },
})

const train = defineStep({
  name: 'train',
  version: '1',
  inputs: { rows: table(Row), rate: z.number() },
  outputs: { score: z.number(), metrics: metrics({ loss: z.number() }) },
  retry: { attempts: 2, delay: 1, backoff: 'constant' },
  run: ({ rate }, ctx) => {
    if (rate === 2 && ctx.attempt === 1) throw new Error('a flaky start')
    for (let step = 0; step < 30; step++) ctx.metric('error', rate / (step + 1), { step })
    ctx.log.warn('trained', { rate })
    return { score: 1 / rate, metrics: { loss: rate } }
  },
})

const evaluate = defineStep({
  name: 'evaluate',
  version: '1',
  inputs: { rows: table(Row), scores: z.array(z.number()) },
  outputs: { good: z.boolean(), summary: report() },
  run: ({ rows }, ctx) => {
    const labels = [...rows.rows()].map(({ label }) => label)
    const scores = labels.map((label, i) => ((i * 31) % 50) / 100 + (label ? 0.4 : 0.1))
    ctx.report({ blocks: [featureImportance({ x: 0.7, name: -0.2 })] })
    return {
      good: true,
      summary: {
        title: 'All kinds of blocks',
        blocks: [
          {
            type: 'markdown',
            text: '## Heading\n\nSome *text* and a [link](https://example.org/).\n\n| a | b |\n|---|---|\n| 1 | 2 |',
          },
          {
            type: 'table',
            columns: ['class', 'rows'],
            rows: [
              ['ant', 3],
              ['bee', null],
            ],
            caption: 'Classes',
          },
          rocCurve(labels, scores),
          prCurve(labels, scores),
          calibration(labels, scores),
          confusionMatrix(
            labels,
            scores.map((score) => score >= 0.5),
          ),
          residuals(
            scores,
            scores.map((score, i) => score + ((i % 9) - 4) / 20),
          ),
          featureImportance([
            { name: 'x', importance: 0.7, deviation: 0.1 },
            { name: 'name', importance: -0.2 },
          ]),
          { type: 'image', mediaType: 'image/svg+xml', data: svg, alt: 'a teal box', caption: 'A box' },
          {
            type: 'spec',
            format: 'vega-lite',
            alt: 'two bars',
            spec: {
              data: {
                values: [
                  { a: 'x', b: 1 },
                  { a: 'y', b: 3 },
                ],
              },
              mark: 'bar',
              encoding: { x: { field: 'a', type: 'nominal' }, y: { field: 'b', type: 'quantitative' } },
            },
          },
          {
            type: 'spec',
            format: 'vega-lite',
            spec: { data: { url: 'https://example.org/d.json' }, mark: 'bar' },
          },
          { type: 'html', text: '<p style="color: green">A fragment</p>' },
          { type: 'html', text: '<p>A plain fragment</p>' },
        ],
      },
    }
  },
})

const publish = defineStep({
  name: 'publish',
  version: '1',
  effect: true,
  inputs: { fails: z.boolean() },
  outputs: { done: z.boolean() },
  run: ({ fails }) => {
    if (fails) throw new Error('the registry said no', { cause: new Error('503') })
    return { done: true }
  },
})

/** A pipeline with a map, a branch, reports of all kinds, a retry, and (if asked for) a failure. */
export const everything = definePipeline(
  {
    name: 'everything',
    inputs: { count: z.number(), rates: z.array(z.number()), fails: z.boolean().default(false) },
  },
  (p, input) => {
    const { rows } = p.step(make, { count: input.count })
    const trials = p.map(input.rates, (rate, q) => q.step(train, { rows, rate }), { id: 'trials' })
    const judged = p.step(evaluate, { rows, scores: trials.score })
    p.when(judged.good, (q) => q.step(publish, { fails: input.fails }), { id: 'release' })
    return { summary: judged.summary, scores: trials.score, rows }
  },
)

/** What must be text wherever it is shown, and do nothing. */
export const hostile =
  '<img src=x onerror="globalThis.owned=1"></script><script>globalThis.owned=1</script>\u001b[31mred\u001b[0m\u202e'

/** The same for names of steps and pipelines, which hold no slash and no control character. */
export const hostileName = '<img src=x onerror="globalThis.owned=1">\u202e'

const speak = defineStep({
  name: `speak ${hostileName}`,
  version: '1',
  inputs: { text: z.string() },
  outputs: { text: z.string(), summary: report(), metrics: metrics({ [hostile]: z.number() }) },
  run: ({ text }, ctx) => {
    ctx.log.error(text, { [text]: text })
    ctx.metric(text, 1)
    ctx.metric(text, 2)
    ctx.param('p', { [text]: text })
    ctx.report({
      title: text,
      blocks: [
        {
          type: 'markdown',
          text: `${text}\n\n[go](javascript:globalThis.owned=1) ![pixel](https://example.org/pixel.png)\n\n<b onclick="globalThis.owned=1">raw</b>`,
        },
        { type: 'table', columns: [text], rows: [[text]], caption: text },
        {
          type: 'image',
          mediaType: 'image/svg+xml',
          alt: text,
          data: '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>globalThis.owned=1</script><image href="https://example.org/p.png"/></svg>',
        },
        {
          type: 'html',
          text: `<script>top.owned=1</script><img src="https://example.org/i.png"><link rel="stylesheet" href="https://example.org/s.css">${text}`,
        },
        featureImportance([{ name: text, importance: 1 }]),
        confusionMatrix([text], [text]),
      ],
    })
    return { text, summary: { title: text, blocks: [] }, metrics: { [hostile]: 1 } }
  },
})

const fail = defineStep({
  name: 'fail',
  version: '1',
  inputs: { text: z.string() },
  outputs: { n: z.number() },
  run: ({ text }) => {
    throw new Error(text)
  },
})

/** A pipeline of names, logs, metrics, reports and errors that try to be HTML, or commands to a terminal. */
export const attack = definePipeline(
  { name: `attack ${hostileName}`, inputs: { text: z.string() } },
  (p, input) => {
    const said = p.step(speak, { text: input.text })
    return { text: said.text, n: p.step(fail, { text: said.text }, { id: 'fails' }).n }
  },
)
