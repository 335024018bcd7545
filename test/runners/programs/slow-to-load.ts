import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

// Where a test runs, its runner says so; processes of steps do not see that.
if (!isMainThread || process.env['VITEST'] === undefined) await sleep(2_500)

const quick = defineStep({
  name: 'quick',
  version: '1',
  cache: 'never',
  outputs: { n: z.number() },
  timeout: 200,
  grace: 100,
  run: () => ({ n: 1 }),
})

/** Its module takes longer to load than its step may take. */
export const slowToLoad = definePipeline({ name: 'slow-to-load' }, (p) => ({ n: p.step(quick, {}).n }))
