import { definePipeline } from 'pipewright'
import { announce } from './steps.ts'

export const p = definePipeline({ name: 'p' }, (p) => {
  const told = p.step(announce, { text: 'begun' })
  p.always((q) => {
    // expect: Ref<string | undefined>' is not assignable to type
    q.step(announce, { text: q.maybe(told.sent) })
  })
  return {}
})
