import { definePipeline, openWorkspace } from 'pipewright'
import { z } from 'zod'
import { announce } from './steps.ts'

const p = definePipeline({ name: 'p', inputs: { text: z.string() } }, (p, input) => ({
  sent: p.step(announce, { text: input.text }).sent,
}))
const pw = await openWorkspace()
const { outputs } = await pw.run(p, { text: 'hello' })
// expect: Type 'string' is not assignable to type 'number'
export const n: number = outputs.sent
