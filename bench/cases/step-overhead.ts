import { join } from 'node:path'
import { definePipeline, defineStep, type Ref } from 'pipewright'
import { z } from 'zod'
import { openConnection } from '../../src/record/sqlite/open.ts'
import { fastest, type Figure } from '../measure.ts'
import { withWorkspace } from '../workspace.ts'

const steps = 500

const increment = defineStep({
  name: 'increment',
  version: '1',
  cache: 'never',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value: value + 1 }),
})

const chain = definePipeline({ name: 'chain', inputs: { start: z.number() } }, (p, input) => {
  let value: Ref<number> = input.start
  for (let i = 0; i < steps; i++) value = p.step(increment, { value }, { id: `s${i}` }).value
  return { value }
})

/** One durable commit of one row: what a step that is recorded before the next one starts cannot go below. */
export async function bareCommits(root: string): Promise<number> {
  const database = await openConnection(join(root, 'bare.sqlite'))
  database.exec('create table t (a integer, b text)')
  const insert = database.prepare('insert into t values (?, ?)')
  const ms = await fastest(3, () => {
    for (let i = 0; i < steps; i++) insert.run([i, 'some text'])
  })
  database.close()
  return ms / steps
}

/** The engine's overhead for each step of a chain, each durable before the next starts. */
export function stepOverhead(): Promise<Figure[]> {
  return withWorkspace(async (pw, root) => {
    await pw.run(chain, { start: 0 })
    const ms = await fastest(3, () => pw.run(chain, { start: 0 }))
    return [
      {
        name: 'durable step of a chain',
        value: ms / steps,
        unit: 'ms',
        bare: await bareCommits(root),
        budget: '<= 3x, <= 1 ms',
      },
    ]
  })
}
