import { appendFileSync } from 'node:fs'
import { definePipeline, defineStep, openWorkspace } from 'pipewright'
import { z } from 'zod'

// Runs or resumes an effect of 1,000 calls that kills its process after, or within, one of them. A journal tells of each.
const [, , root, cut = '', runId] = process.argv as [string, string, string, string?, string?]
const [where, at] = cut.split(' ')

const journal = (line: string): void => appendFileSync(`${root}/journal.txt`, `${line}\n`)
const end = (): void => void process.kill(process.pid, 'SIGKILL')

const charge = defineStep({
  name: 'charge',
  effect: true,
  outputs: { sum: z.number() },
  run: async (_inputs, ctx) => {
    let sum = 0
    for (let n = 0; n < 1_000; n++) {
      sum += await ctx.once(`charge ${n}`, ({ idempotencyKey }) => {
        journal(`${n} ${idempotencyKey}`)
        if (where === 'within' && n === Number(at)) end()
        return 1
      })
      if (where === 'after' && n + 1 === Number(at)) end()
    }
    return { sum }
  },
})

const pipeline = definePipeline({ name: 'charging' }, (p) => ({ sum: p.step(charge, {}).sum }))

const pw = await openWorkspace({ root })
const { outputs } = await (runId === undefined ? pw.run(pipeline, {}) : pw.resume(runId, pipeline))
console.log(JSON.stringify(outputs))
await pw.close()
