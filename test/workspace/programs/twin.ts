import { appendFileSync, existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { definePipeline, defineStep, openWorkspace, type RunFailedError } from 'pipewright'
import { z } from 'zod'

// Runs a step that leaves a line in a journal and ends when it is told to; `fail` ends it with an error.
const [, , root, name, end] = process.argv as [string, string, string, string, 'end' | 'fail']

const arrive = defineStep({
  name: 'arrive',
  effect: true,
  outputs: { n: z.number() },
  run: () => {
    console.log('arrived')
    return { n: 1 }
  },
})

const slow = defineStep({
  name: 'slow',
  version: '1',
  inputs: { n: z.number() },
  outputs: { by: z.string() },
  run: async ({ n }) => {
    appendFileSync(`${root}/journal.txt`, `${name} ${n}\n`)
    while (!existsSync(`${root}/${name}.go`)) await sleep(10)
    if (end === 'fail') throw new Error('told to fail')
    return { by: name }
  },
})

const pipeline = definePipeline({ name: 'twins' }, (p) => p.step(slow, { n: p.step(arrive, {}).n }))

const pw = await openWorkspace({ root })
const handle = await pw.start(pipeline, {})
console.log(`run ${handle.id}`)
try {
  console.log(`by ${(await handle.result()).outputs.by}`)
} catch (error) {
  console.log(`failed ${(error as RunFailedError).code}`)
}
await pw.close()
