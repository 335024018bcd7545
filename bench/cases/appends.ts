import { currentOwner } from '../../src/record/owner.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { once, type Figure } from '../measure.ts'
import { withFolder } from '../workspace.ts'

const count = 100_000

/** Events appended by one run, many in flight: they share commits. */
export function appends(): Promise<Figure[]> {
  return withFolder(async (folder) => {
    const metadata = await openSqliteMetadata(`${folder}/metadata.sqlite`)
    const acquired = await metadata.acquire('run', currentOwner())
    if (!acquired.ok) throw new Error('the run is taken')
    const took = await once(async () => {
      const pending: Promise<void>[] = []
      for (let round = 0; round < count; round++)
        pending.push(
          metadata.append(
            { run: 'run', at: 0, event: { type: 'loop.turned', node: 'loop', round, again: true } },
            acquired.lease,
          ),
        )
      await Promise.all(pending)
    })
    await metadata.close()
    const value = count / (took / 1_000)
    return [{ name: 'events appended, batched', value, unit: '/s', budget: '>= 20,000 /s' }]
  })
}
