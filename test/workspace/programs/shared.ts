import { definePipeline, defineStep, openWorkspace } from 'pipewright'
import { z } from 'zod'

// Runs a step with a small and a step with a large output in a workspace with a shared store; prints who made them.
const [, , root, store, name, extra] = process.argv as [string, string, string, string, string, string?]

const small = defineStep({
  name: 'small',
  version: '1',
  outputs: { by: z.string() },
  run: () => ({ by: name }),
})

const large = defineStep({
  name: 'large',
  version: '1',
  inputs: { by: z.string() },
  outputs: { by: z.array(z.string()) },
  run: ({ by }) => ({ by: Array.from({ length: 1_000 }, (_, at) => `${by} ${at}`) }),
})

const another = defineStep({
  name: 'another',
  version: '1',
  inputs: { n: z.string() },
  outputs: { n: z.string() },
  run: ({ n }) => ({ n }),
})

const pipeline = definePipeline({ name: 'shared' }, (p) => {
  const { by } = p.step(small, {})
  const all = p.step(large, { by }).by
  return extra === undefined ? { all } : { all, more: p.step(another, { n: extra }).n }
})

let warnings = 0
process.on('warning', (warning) => {
  if ('code' in warning && warning.code === 'PIPEWRIGHT_SHARED_CACHE') warnings++
})
const pw = await openWorkspace({ root, store: { folder: store, shared: true } })
const first = await pw.run(pipeline, {})
await pw.run(pipeline, {})
await pw.close()
const { executions } = await pwAgain()
console.log(
  JSON.stringify({
    by: first.outputs.all.at(-1),
    reused: executions.filter(({ reused }) => reused !== null).map(({ node }) => node),
    warnings,
  }),
)

async function pwAgain() {
  const again = await openWorkspace({ root, store: { folder: store, shared: true } })
  const detail = await again.show(first.run.id)
  await again.close()
  return detail
}
