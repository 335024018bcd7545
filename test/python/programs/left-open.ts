// Runs a Python step and ends without closing its workspace; prints the step's process.
import { definePipeline, openWorkspace } from 'pipewright'
import { z } from 'zod'
import { pythonStep } from '../steps.ts'

const counting = pythonStep('count', {}, { pid: z.number(), calls: z.number() }, { cache: 'never' })
const pipeline = definePipeline({ name: 'once' }, (p) => ({ pid: p.step(counting, {}).pid }))
const pw = await openWorkspace({ root: process.argv[2]! })
console.log((await pw.run(pipeline, {})).outputs.pid)
