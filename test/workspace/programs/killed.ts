import { appendFileSync } from 'node:fs'
import { definePipeline, defineStep, openWorkspace } from 'pipewright'
import { z } from 'zod'

// Runs or resumes a chain whose third step waits for a file; each execution leaves a line in a journal.
const [, , root, mode, runId] = process.argv as [string, string, string, string, string?]

const journal = (line: string): void => appendFileSync(`${root}/journal.txt`, `${line}\n`)

const link = defineStep({
  name: 'link',
  version: '1',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: ({ n }) => {
    journal(`link ${n}`)
    return { n: n + 1 }
  },
})

const hang = defineStep({
  name: 'hang',
  version: '1',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: async ({ n }, ctx) => {
    journal(`hang ${n} attempt ${ctx.attempt}`)
    if (mode === 'start') {
      // The start of the attempt is recorded behind its back, a moment after.
      setTimeout(() => console.log('hanging'), 200)
      await new Promise((resolve) => setTimeout(resolve, 60_000))
    }
    return { n: n + 1 }
  },
})

const notify = defineStep({
  name: 'notify',
  effect: true,
  inputs: { n: z.number() },
  outputs: { key: z.string() },
  run: ({ n }, ctx) => {
    journal(`notify ${n} ${ctx.idempotencyKey}`)
    return { key: ctx.idempotencyKey }
  },
})

const pipeline = definePipeline({ name: 'killed', inputs: { items: z.array(z.number()) } }, (p, input) => {
  const first = p.map(input.items, (n, q) => q.step(link, { n }), { id: 'first' })
  const told = p.step(notify, { n: 0 })
  const { n } = p.step(hang, { n: 100 }, { after: [first, told] })
  return { n: p.step(link, { n }, { id: 'last' }).n, all: first.n }
})

const pw = await openWorkspace({ root })
if (mode === 'start') {
  const handle = await pw.start(pipeline, { items: [1, 2, 3] })
  console.log(`run ${handle.id}`)
  await handle.result()
} else {
  const { outputs } = await pw.resume(runId!, pipeline)
  console.log(JSON.stringify(outputs))
}
await pw.close()
