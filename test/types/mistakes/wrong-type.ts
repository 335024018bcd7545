import { definePipeline, file } from 'pipewright'
import { load, train } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const loaded = p.step(load, { csv: input.csv })
  // expect: Type 'Ref<boolean>' is not assignable to type 'Wire<number | undefined>'
  p.step(train, { rows: loaded.rows, depth: loaded.ok })
  return {}
})
