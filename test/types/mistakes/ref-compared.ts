import { definePipeline, file } from 'pipewright'
import { load, train } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const loaded = p.step(load, { csv: input.csv })
  // expect: Operator '>' cannot be applied to types 'Ref<number>' and 'number'
  const big = loaded.count > 0.9
  console.log(big)
  return {}
})
