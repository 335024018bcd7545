import { definePipeline, openWorkspace } from 'pipewright'
import { z } from 'zod'
import { announce } from './steps.ts'

const p = definePipeline({ name: 'p', inputs: { text: z.string() } }, (p, input) =>
  p.step(announce, { text: input.text }),
)
const pw = await openWorkspace()
// expect: 'txt' does not exist in type
await pw.run(p, { txt: 'hello' })
