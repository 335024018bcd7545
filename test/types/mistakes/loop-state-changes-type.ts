import { definePipeline, file } from 'pipewright'
import { announce, load } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const loaded = p.step(load, { csv: input.csv })
  p.loop(
    { count: loaded.count },
    // expect: Type 'Ref<string>' is not assignable to type 'Ref<number>'
    (_, q) => ({ next: { count: q.step(announce, { text: 'again' }).sent }, again: loaded.ok }),
    { maxRounds: 3 },
  )
  return {}
})
