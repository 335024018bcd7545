import { definePipeline, file } from 'pipewright'
import { load, train } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const loaded = p.step(load, { csv: input.csv })
  // expect: Property 'rowz' does not exist on type
  p.step(train, { rows: loaded.rowz })
  return {}
})
