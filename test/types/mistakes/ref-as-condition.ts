import { definePipeline, file } from 'pipewright'
import { load, train } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const loaded = p.step(load, { csv: input.csv })
  // expect: This condition will always return true since this function is always defined. Did you mean to call it instead?
  if (loaded.ok) p.step(train, { rows: loaded.rows })
  return {}
})
