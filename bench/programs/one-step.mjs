// A pipeline of one step in a process of its own, from nothing to its recorded end; the argument is the folder to work in.
import { definePipeline, defineStep, openWorkspace } from 'pipewright'
import { z } from 'zod'

const one = defineStep({
  name: 'one',
  inputs: { value: z.number().default(1) },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value }),
})

const pw = await openWorkspace({ root: process.argv[2] })
await pw.run(
  definePipeline({ name: 'one' }, (p) => ({ value: p.step(one, {}).value })),
  {},
)
await pw.close()
