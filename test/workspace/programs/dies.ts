import { definePipeline, defineStep, openWorkspace } from 'pipewright'

// Runs or resumes a step that ends its process at once.
const [, , root, runId] = process.argv as [string, string, string, string?]

const dies = defineStep({
  name: 'dies',
  version: '1',
  run: () => {
    process.kill(process.pid, 'SIGKILL')
  },
})

const pipeline = definePipeline({ name: 'dying' }, (p) => p.step(dies, {}))

const pw = await openWorkspace({ root })
try {
  if (runId === undefined) await pw.run(pipeline, {})
  else await pw.resume(runId, pipeline)
} catch (error) {
  console.log((error as Error).message)
}
await pw.close()
