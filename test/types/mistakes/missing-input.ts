import { definePipeline, file } from 'pipewright'
import { load, train } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  p.step(load, { csv: input.csv })
  // expect: Property 'rows' is missing in type '{}' but required in type
  p.step(train, {})
  return {}
})
