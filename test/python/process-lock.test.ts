import { readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withFreeProcessLock, withProcessLock } from '../../src/python/environment/process-lock.ts'
import type { Owner } from '../../src/record/event.ts'
import { currentOwner } from '../../src/record/owner.ts'
import { tempFolder } from '../workspace/temp.ts'

/** A lock whose holder gave its last sign of life so many milliseconds ago. */
async function lockOf(holder: Partial<Owner> | string, silentFor: number): Promise<string> {
  const path = join(await tempFolder(), 'some.lock')
  const owner = { ...currentOwner(), ...(holder as object) }
  await writeFile(path, typeof holder === 'string' ? holder : JSON.stringify({ token: 'of another', owner }))
  const at = new Date(Date.now() - silentFor)
  await utimes(path, at, at)
  return path
}

const ran = (): Promise<string> => Promise.resolve('ran')

test('a process that is there and too busy to give signs of life keeps its lock', async () => {
  const path = await lockOf({}, 3_600_000)
  expect(await withFreeProcessLock(path, ran)).toBeUndefined()
  const waiting = withProcessLock(path, AbortSignal.timeout(500), () => undefined, ran)
  await expect(waiting).rejects.toThrow('aborted')
})

test('the lock of a process that is gone is free at once, and nothing of it is left', async () => {
  const path = await lockOf({ processStart: 'of an earlier process of this number' }, 0)
  let waited = false
  expect(await withProcessLock(path, undefined, () => (waited = true), ran)).toBe('ran')
  expect(waited).toBe(false)
  expect(await readdir(join(path, '..'))).toEqual([])
})

test.each([
  ['of another host', { host: 'another' }],
  ['of another version', 'a token'],
])('where nobody can tell, the signs of life do: a lock %s', async (_, holder) => {
  expect(await withFreeProcessLock(await lockOf(holder, 14_000), ran)).toBeUndefined()
  expect(await withFreeProcessLock(await lockOf(holder, 16_000), ran)).toBe('ran')
})
