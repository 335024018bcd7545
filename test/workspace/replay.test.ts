import { join } from 'node:path'
import { definePipeline, defineStep, type RunFailedError } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { tempFolder, tempWorkspace } from './temp.ts'

/** A failed run of a map whose items have to be read when it is replayed. */
async function failed() {
  const root = await tempFolder()
  const item = z.object({ n: z.number(), pad: z.string() })
  const make = defineStep({
    name: 'make',
    outputs: { items: z.array(item) },
    run: () => ({ items: Array.from({ length: 4 }, (_, n) => ({ n, pad: 'x'.repeat(100_000) })) }),
  })
  const each = defineStep({
    name: 'each',
    inputs: { item },
    run: ({ item: { n } }) => {
      if (n === 2) throw new Error('broken')
    },
  })
  const other = defineStep({ name: 'other', run: () => Promise.reject(new Error('broken')) })
  const pipeline = definePipeline({ name: 'p' }, (p) => {
    p.step(other, {})
    p.map(p.step(make, {}).items, (one, q) => q.step(each, { item: one }), { id: 'map' })
    return {}
  })
  const pw = await tempWorkspace({ root })
  const error = (await pw
    .run(pipeline, {}, { failure: 'continue' })
    .catch((thrown: unknown) => thrown)) as RunFailedError
  return { root, pipeline, run: error.run }
}

describe('while the record of a run is replayed', () => {
  test('a cancel waits for the end of that', async () => {
    const { root, pipeline, run } = await failed()
    const pw = await tempWorkspace({ root })
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(pw.resume(run, pipeline, { signal })).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
  })

  test('the end of the workspace is no unhandled rejection', async () => {
    const { root, pipeline, run } = await failed()
    const real = await openSqliteMetadata(join(root, '.pipewright', 'metadata.sqlite'))
    let closing: Promise<void> | undefined
    const append: typeof real.append = async (event, lease) => {
      await real.append(event, lease)
      if (event.event.type === 'run.resumed') setImmediate(() => void (closing = pw.close()))
    }
    const pw = await tempWorkspace({ root, metadata: { ...real, append } })
    await expect(pw.resume(run, pipeline)).rejects.toMatchObject({ code: 'WORKSPACE_CLOSED' })
    await closing
  })
})
