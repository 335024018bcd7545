import { expect, test } from 'vitest'
import { memoryStore } from '../../src/store/memory-store.ts'
import { blobsOf } from '../../src/testing/contract/blob-access.ts'

test('a closed store has forgotten everything', async () => {
  const store = memoryStore()
  await store.put(Buffer.from('hello'))
  await store.close()
  expect(await blobsOf(store)).toEqual([])
})
