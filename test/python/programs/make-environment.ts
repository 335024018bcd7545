// Runs a step in the environment of the requirements of a project, at the same time as others do.
import { definePipeline, definePythonStep, openWorkspace } from 'pipewright'
import { z } from 'zod'

const step = definePythonStep({
  name: 'needing',
  outputs: { version: z.string() },
  module: 'needs',
  function: 'f',
  version: '1',
  cache: 'never',
})
const pipeline = definePipeline({ name: 'needing-too' }, (p) => ({ version: p.step(step, {}).version }))
const pw = await openWorkspace({ root: process.argv[2]!, python: { requirements: 'requirements.txt' } })
console.log((await pw.run(pipeline, {})).outputs.version)
await pw.close()
