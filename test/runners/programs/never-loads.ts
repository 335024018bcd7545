import { isMainThread } from 'node:worker_threads'
import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

// Where a test runs, its runner says so; processes of steps do not see that.
if (!isMainThread) for (;;);
if (process.env['VITEST'] === undefined) await new Promise(() => undefined)

const quick = defineStep({
  name: 'quick',
  version: '1',
  cache: 'never',
  outputs: { n: z.number() },
  timeout: 200,
  run: () => ({ n: 1 }),
})

/** Its module is never loaded: a thread runs in a loop, a process waits for nothing. */
export const neverLoads = definePipeline({ name: 'never-loads' }, (p) => ({ n: p.step(quick, {}).n }))
