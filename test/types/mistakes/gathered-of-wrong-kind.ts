import { definePipeline, file } from 'pipewright'
import { load, train, pick } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const loaded = p.step(load, { csv: input.csv })
  const trials = p.map([1, 2], (depth, q) => q.step(train, { rows: loaded.rows, depth }))
  // expect: Type 'Ref<number[]>' is not assignable to type 'Wire<Model<{ x: number; }, { p: number; }>[]>'
  p.step(pick, { models: trials.loss, scores: trials.loss })
  return {}
})
