import { definePipeline, defineStep, openWorkspace } from 'pipewright'
import { z } from 'zod'

const one = defineStep({ name: 'one', runner: 'process', outputs: { n: z.number() }, run: () => ({ n: 1 }) })
export const starting = definePipeline({ name: 'starting' }, (p) => ({ n: p.step(one, {}).n }))

// As one must not: the process of the step loads this module, too.
const pw = await openWorkspace({ root: process.argv[2] ?? process.cwd() })
const { outputs } = await pw.run(starting, {})
console.log(outputs.n)
await pw.close()
