import { definePipeline, file } from 'pipewright'
import { load, announce } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const loaded = p.step(load, { csv: input.csv })
  const maybe = p.when(loaded.ok, (q) => q.step(announce, { text: 'hello' }))
  // expect: Type 'Ref<string | undefined>' is not assignable to type 'Wire<string>'
  p.step(announce, { text: maybe.sent }, { id: 'again' })
  return {}
})
