import { definePipeline } from 'pipewright'
import { testPipeline } from 'pipewright/testing'
import 'pipewright/testing/vitest'
import { expect } from 'vitest'
import { z } from 'zod'
import { announce } from './steps.ts'

const news = definePipeline({ name: 'news', inputs: { text: z.string() } }, (p, input) => ({
  sent: p.step(announce, { text: input.text }).sent,
}))

const run = await testPipeline(news, { text: 'a' })
const sent: string = run.outputs.sent
expect(run).toHaveRun('announce', { attempts: 1 })
expect(sent).not.toHaveHitCache('announce')

// expect: Type 'number' is not assignable to type 'string'
await testPipeline(news, { text: 3 })

// expect: Property 'snet' does not exist on type
run.outputs.snet.trim()

// expect: 'attempt' does not exist in type 'RanExpectation'
expect(run).toHaveRun('announce', { attempt: 1 })
