import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep, openWorkspace } from 'pipewright'
import { z } from 'zod'
import { once, type Figure } from '../measure.ts'
import { withFolder } from '../workspace.ts'

const half = defineStep({
  name: 'half',
  version: '1',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value: value / 2 }),
})

const each = definePipeline({ name: 'each', inputs: { items: z.array(z.number()) } }, (p, input) => ({
  values: p.map(input.items, (value, q) => q.step(half, { value })).value,
}))

const items = Array.from({ length: 1_000 }, (_, i) => i)

/** A map of 1,000 items of which each is a hit: in the entries of another workspace, and in its own beside them. */
export function sharedStore(): Promise<Figure[]> {
  return withFolder(async (folder) => {
    const store = { folder: join(folder, 'store'), shared: true }
    const run = async (name: string): Promise<number> => {
      await using pw = await openWorkspace({ root: join(folder, name), store })
      return await once(() => pw.run(each, { items }))
    }
    const first = await run('one')
    const second = await run('two')
    const again = await run('one')
    const entries = await readdir(join(store.folder, 'cache'), { recursive: true, withFileTypes: true })
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    const bare = await once(() => Promise.all(paths.map((path) => readFile(path))))
    return [
      { name: 'map of 1,000 items, its entries written to a shared store', value: first, unit: 'ms' },
      { name: 'the same in another workspace, all hits', value: second, unit: 'ms', bare },
      { name: 'the same in the first one, all hits', value: again, unit: 'ms', bare },
    ]
  })
}
