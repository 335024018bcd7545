import { definePipeline, file } from 'pipewright'
import { load, train } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  // expect: Block-scoped variable 'loaded' used before its declaration
  p.step(train, { rows: loaded.rows })
  const loaded = p.step(load, { csv: input.csv })
  return { count: loaded.count }
})
