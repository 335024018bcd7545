import { definePipeline, file } from 'pipewright'
import { load } from './steps.ts'

export const p = definePipeline(
  { name: 'p', inputs: { csv: file('text/csv') } },
  // expect: is not assignable to type 'RefRecord'
  async (p, input) => {
    const loaded = p.step(load, { csv: input.csv })
    return { rows: loaded.rows }
  },
)
