import { join } from 'node:path'
import { metadataStoreContract } from 'pipewright/testing'
import { describe, test } from 'vitest'
import { openSqliteMetadata, type SqliteMetadata } from '../../src/record/sqlite/store.ts'
import { engines } from '../record/support.ts'
import { tempFolder } from '../workspace/temp.ts'

describe.each(engines)('SQLite by %s', (engine) => {
  describe('in memory', () => {
    metadataStoreContract({ create: (now) => openSqliteMetadata(':memory:', { engine, now }), test })
  })

  describe('on disk', () => {
    metadataStoreContract({
      create: async (now) => openSqliteMetadata(join(await tempFolder(), 'metadata.sqlite'), { engine, now }),
      reopen: (store, now) => openSqliteMetadata((store as SqliteMetadata).path, { engine, now }),
      test,
    })
  })
})
