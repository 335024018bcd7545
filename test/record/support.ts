import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { ChosenRun } from '../../src/record/metadata.ts'
import { defaultEngine } from '../../src/record/sqlite/driver.ts'
import type { SqliteEngine } from '../../src/record/sqlite/engine.ts'
import {
  openSqliteMetadata,
  type SqliteMetadata,
  type SqliteMetadataOptions,
} from '../../src/record/sqlite/store.ts'

export { collect } from '../../src/testing/contract/metadata/case.ts'
export {
  appendAll,
  artifact,
  attempt,
  key,
  started,
  succeeded,
  values,
} from '../../src/testing/contract/metadata/made-events.ts'

/** The engines that this Node has. */
export const engines: readonly SqliteEngine[] =
  defaultEngine() === 'node:sqlite' ? ['node:sqlite', 'libsql'] : ['libsql']

const cleanups: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A folder that is removed after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'pipewright-record-'))
  cleanups.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A store that is closed after the test. */
export async function openStore(
  path = ':memory:',
  options: SqliteMetadataOptions = {},
): Promise<SqliteMetadata> {
  const store = await openSqliteMetadata(path, options)
  cleanups.push(() => store.close())
  return store
}

/** A run as garbage collection chooses it. */
export async function chosen(store: SqliteMetadata, run: string): Promise<ChosenRun> {
  return (await store.runsByPrefix(run)).find(({ id }) => id === run)!
}
