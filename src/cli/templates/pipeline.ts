/** What differs between the two languages of a template. */
export type Language = 'typescript' | 'javascript'

// Lines that end with a marker are for one language alone.
const source = `import { definePipeline, defineStep, file, metrics, table } from 'pipewright'
import { z } from 'zod'

const Customer = z.object({ age: z.number(), visits: z.number(), churned: z.boolean() })

export const load = defineStep({
  name: 'load',
  inputs: { csv: file('text/csv') },
  outputs: { rows: table(Customer) },
  run: async ({ csv }) => ({ rows: await csv.readCsv(Customer) }),
})

export const score = defineStep({
  name: 'score',
  inputs: { rows: table(Customer), threshold: z.number() },
  outputs: { metrics: metrics({ accuracy: z.number() }), accuracy: z.number() },
  run: ({ rows, threshold }, ctx) => {
    let right = 0
    for (const row of rows) if (row.visits < threshold === row.churned) right++
    const accuracy = right / rows.length
    ctx.log.info('scored', { threshold, accuracy })
    return { metrics: { accuracy }, accuracy }
  },
})

export const best = defineStep({
  name: 'best',
  inputs: { thresholds: z.array(z.number()), scores: z.array(z.number()) },
  outputs: { threshold: z.number() },
  run: ({ thresholds, scores }) => ({ threshold: thresholds[scores.indexOf(Math.max(...scores))]BANG }),
})

export const churn = definePipeline(
  {
    name: 'churn',
    description: 'Finds the number of visits below which customers leave.',
    inputs: {
      csv: file('text/csv'),
      thresholds: z.array(z.number()).min(1).default([1, 2, 3, 4]).describe('Numbers of visits to try'),
    },
  },
  (p, input) => {
    const { rows } = p.step(load, { csv: input.csv })
    const trials = p.map(input.thresholds, (threshold, q) => q.step(score, { rows, threshold }), { id: 'trials' })
    return { threshold: p.step(best, { thresholds: input.thresholds, scores: trials.accuracy }).threshold }
  },
)
`

/** The pipeline of a new project. */
export function pipelineFile(language: Language): string {
  return source.replace('BANG', language === 'typescript' ? '!' : '')
}

/** Its data. */
export const dataFile = `age,visits,churned
34,1,true
51,7,false
28,2,true
45,9,false
39,3,true
62,5,false
23,1,true
57,6,false
41,2,true
36,8,false
`
