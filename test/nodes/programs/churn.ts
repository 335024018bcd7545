import { definePipeline, defineStep, file, table } from 'pipewright'
import { z } from 'zod'

const Customer = z.object({ visits: z.number(), churned: z.boolean() })

export const load = defineStep({
  name: 'load',
  inputs: { csv: file('text/csv') },
  outputs: { rows: table(Customer) },
  run: async ({ csv }) => ({ rows: await csv.readCsv(Customer) }),
})

export const score = defineStep({
  name: 'score',
  inputs: { rows: table(Customer), threshold: z.number() },
  outputs: { right: z.number() },
  retry: { attempts: 3, delay: '5m' },
  run: ({ rows, threshold }) => {
    let right = 0
    for (const row of rows) if (row.visits < threshold === row.churned) right++
    return { right }
  },
})

/** Ends its process where the environment says so, as a crash would. */
export const last = defineStep({
  name: 'last',
  cache: 'never',
  inputs: { scores: z.array(z.number()) },
  outputs: { best: z.number() },
  run: ({ scores }) => {
    if (process.env['DIE'] !== undefined) process.kill(process.pid, 'SIGKILL')
    return { best: Math.max(...scores) }
  },
})

export const churn = definePipeline(
  { name: 'churn', inputs: { csv: file('text/csv'), thresholds: z.array(z.number()).default([2, 4]) } },
  (p, input) => {
    const { rows } = p.step(load, { csv: input.csv })
    const trials = p.map(input.thresholds, (threshold, q) => q.step(score, { rows, threshold }), {
      id: 'trials',
    })
    return { best: p.step(last, { scores: trials.right }).best }
  },
)
