import { definePipeline, defineStep, file, table } from 'pipewright'
import { z } from 'zod'

const Row = z.object({ x: z.number() })

const load = defineStep({
  name: 'load',
  inputs: { csv: file('text/csv') },
  outputs: { rows: table(Row) },
  run: async ({ csv }) => ({ rows: await csv.readCsv(Row) }),
})

const count = defineStep({
  name: 'count',
  inputs: { rows: table(Row), by: z.number().default(1) },
  outputs: { n: z.number() },
  retry: { attempts: 3 },
  run: ({ rows, by }) => ({ n: rows.length * by }),
})

export const counts = definePipeline(
  { name: 'counts', inputs: { csv: file('text/csv'), bys: z.array(z.number()).default([1, 2]) } },
  (p, input) => {
    const { rows } = p.step(load, { csv: input.csv })
    return { all: p.map(input.bys, (by, q) => q.step(count, { rows, by }), { id: 'each' }).n }
  },
)
