import { readFileSync } from 'node:fs'
import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

const factor = Number(readFileSync(process.env['PIPEWRIGHT_TEST_FACTOR']!, 'utf8'))

const scale = defineStep({
  name: 'scale',
  cache: 'never',
  env: ['PIPEWRIGHT_TEST_FACTOR'],
  outputs: { n: z.number() },
  run: () => ({ n: 21 * factor }),
})

/** Its step is other code where the file says something else. */
export const scaling = definePipeline({ name: 'scaling' }, (p) => ({ n: p.step(scale, {}).n }))
