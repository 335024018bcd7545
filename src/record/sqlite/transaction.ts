import type { SqliteDriver } from './driver.ts'
import type { Statement } from './engine.ts'

interface Frame {
  readonly begin: Statement
  readonly commit: Statement
}

// Compiled once per connection: every group of the writer begins and ends with them.
const frames = new WeakMap<SqliteDriver, Frame>()

function frameOf(driver: SqliteDriver): Frame {
  const known = frames.get(driver)
  if (known !== undefined) return known
  const frame = { begin: driver.prepare('begin immediate'), commit: driver.prepare('commit') }
  frames.set(driver, frame)
  return frame
}

/**
 * Does something in one write transaction, in one turn: nothing else of this thread can come between.
 * A lock in the way throws at once (see `whenFree`).
 */
export function immediate<T>(driver: SqliteDriver, work: () => T): T {
  const { begin, commit } = frameOf(driver)
  begin.run([])
  try {
    const result = work()
    commit.run([])
    return result
  } catch (error) {
    try {
      driver.exec('rollback')
    } catch {
      // SQLite has rolled back by itself (disk full, I/O error); the first error is the one to tell.
    }
    throw error
  }
}
