import { definePipeline, file } from 'pipewright'
import { load, train, evaluate } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const loaded = p.step(load, { csv: input.csv })
  const trained = p.step(train, { rows: loaded.rows })
  // expect: Type 'Ref<Table<{ x: number; y: boolean; }>>' is not assignable to type 'Ref<Model<{ x: number; }, { p: number; }>>'
  p.step(evaluate, { model: loaded.rows, rows: loaded.rows })
  return { loss: trained.loss }
})
