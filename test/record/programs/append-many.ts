// Appends events to one run of a workspace that other processes write to as well.
import { currentOwner } from '../../../src/record/owner.ts'
import { openSqliteMetadata } from '../../../src/record/sqlite/store.ts'

const [path, run, count] = process.argv.slice(2) as [string, string, string]
const store = await openSqliteMetadata(path)
const acquired = await store.acquire(run, currentOwner())
if (!acquired.ok) throw new Error('not acquired')
const pending: Promise<void>[] = []
for (let at = 0; at < Number(count); at++) {
  const node = `n${at}`
  const event = { type: 'attempt.started', node, step: 'train', attempt: 1, key: null } as const
  pending.push(store.append({ run, at, event }, acquired.lease))
  // Some alone, some in groups.
  if (at % 7 === 0) await pending.at(-1)
}
await Promise.all(pending)
await store.release(acquired.lease)
await store.close()
