import { describe, expect, it, vi } from 'vitest'
import type { Owner } from '../../src/record/event.ts'
import { currentOwner, type Liveness } from '../../src/record/owner.ts'
import { ownershipJudge } from '../../src/record/sqlite/ownership.ts'
import { openStore, appendAll, attempt, started } from './support.ts'

const owner = currentOwner()
const text = JSON.stringify(owner)

describe('who drives a run', () => {
  it.each<[Liveness, number, boolean]>([
    ['alive', 2_000, true],
    ['alive', 500, true],
    ['unknown', 2_000, true],
    ['unknown', 1_000, false],
    ['dead', 2_000, false],
  ])('an owner that is %s with a lease until %i at 1000: %s', (liveness, until, driven) => {
    const holder = ownershipJudge(1_000, () => liveness)(text, until)
    expect(holder).toEqual(driven ? { owner, liveness, expired: until <= 1_000 } : undefined)
  })

  it('is nobody without an owner; an owner is looked for once', () => {
    const alive = vi.fn((_owner: Owner): Liveness => 'alive')
    const judge = ownershipJudge(1_000, alive)
    expect(judge(null, null)).toBeUndefined()
    judge(text, 1)
    judge(text, 2)
    expect(alive).toHaveBeenCalledExactlyOnceWith(owner)
  })
})

it('the place of the last event of a run is known without reading the others', async () => {
  const store = await openStore()
  expect(await store.lastEvent('a')).toBe(0)
  await appendAll(store, 'a', [started(), attempt('x')])
  await appendAll(store, 'b', [started()])
  expect([await store.lastEvent('a'), await store.lastEvent('b')]).toEqual([2, 3])
})
