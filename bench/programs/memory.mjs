// A process of its own: what it holds in memory, and for how long it works, without what other cases have left. Plain
// JavaScript, since what loads TypeScript takes 67 MiB.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definePipeline, defineStep, openWorkspace } from 'pipewright'
import { z } from 'zod'

const count = 100_000

const square = defineStep({
  name: 'square',
  version: '1',
  cache: 'never',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value: value * value }),
})

const sum = defineStep({
  name: 'sum',
  version: '1',
  cache: 'never',
  inputs: { values: z.array(z.number()) },
  outputs: { total: z.number() },
  run: ({ values }) => ({ total: values.reduce((a, b) => a + b, 0) }),
})

const items = z.array(z.number())

const wide = definePipeline({ name: 'wide', inputs: { items } }, (p, input) => {
  const each = p.map(input.items, (value, q) => q.step(square, { value }), { id: 'each' })
  return { total: p.step(sum, { values: each.value }).total }
})

const sleeping = definePipeline({ name: 'sleeping', inputs: { items } }, (p, input) => {
  p.map(input.items, (_, q) => (q.sleep('1h'), {}), { id: 'each', concurrency: count })
  return {}
})

const root = await mkdtemp(join(tmpdir(), 'pipewright-bench-'))
const pw = await openWorkspace({ root })
const list = Array.from({ length: count }, (_, i) => i)
const [what] = process.argv.slice(2)
const before = process.memoryUsage().heapUsed
const startedAt = performance.now()
if (what === 'map') await pw.run(wide, { items: list })
else {
  const handle = await pw.start(sleeping, { items: list })
  handle.result().catch(() => undefined)
  for await (const { event } of handle.events()) if (event.type === 'run.waiting') break
}
const took = performance.now() - startedAt
globalThis.gc?.()
const heap = process.memoryUsage().heapUsed - before
console.log(JSON.stringify({ took, heap, peak: process.resourceUsage().maxRSS * 1_024 }))
await pw.close()
await rm(root, { recursive: true, force: true })
process.exit(0)
