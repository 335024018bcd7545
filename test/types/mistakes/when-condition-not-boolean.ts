import { definePipeline, file } from 'pipewright'
import { load, train } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const loaded = p.step(load, { csv: input.csv })
  // expect: Argument of type 'Ref<number>' is not assignable to parameter of type 'Ref<boolean>'
  p.when(loaded.count, (q) => q.step(train, { rows: loaded.rows }))
  return {}
})
