// Opens a metadata store, appends an event, and prints how that ended.
import { PipewrightError } from '../../../src/internal/error.ts'
import { openSqliteMetadata } from '../../../src/record/sqlite/store.ts'

const path = process.argv[2]!
try {
  const store = await openSqliteMetadata(path)
  await store.append({ run: 'r', at: 1, event: { type: 'run.cancel-requested', reason: 'test' } })
  await store.close()
  process.stdout.write('ok')
} catch (error) {
  process.stdout.write(
    PipewrightError.isInstance(error) ? `${error.code} ${String(error.details['path'])}` : String(error),
  )
}
