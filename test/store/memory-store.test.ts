import { expect, test } from 'vitest'
import { memoryStore } from '../../src/store/memory-store.ts'
import { blobsOf, storeContract } from './contract.ts'

storeContract('in memory', () => Promise.resolve(memoryStore()))

test('a closed store has forgotten everything', async () => {
  const store = memoryStore()
  await store.put(Buffer.from('hello'))
  await store.close()
  expect(await blobsOf(store)).toEqual([])
})
