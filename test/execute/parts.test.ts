import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/internal/digest.ts'
import { uuidv7 } from '../../src/internal/id.ts'
import { PipewrightError } from '../../src/internal/error.ts'
import { errorRecord } from '../../src/execute/error-record.ts'
import { PackedValues } from '../../src/execute/packed-values.ts'
import { seededRandom } from '../../src/execute/random.ts'
import { isRetryable, retryDelay } from '../../src/execute/retry.ts'
import { ResourcePool } from '../../src/execute/resource-pool.ts'
import type { Value } from '../../src/record/event.ts'

describe('the wait before another try', () => {
  const policy = { attempts: 5, backoff: 'exponential', delay: 100, maxDelay: 500, jitter: 0 } as const

  test('doubles up to its limit, and ends with the attempts', () => {
    expect([1, 2, 3, 4, 5].map((attempt) => retryDelay(policy, attempt, 0))).toEqual([
      100,
      200,
      400,
      500,
      undefined,
    ])
    expect([1, 2].map((attempt) => retryDelay({ ...policy, backoff: 'constant' }, attempt, 0))).toEqual([
      100, 100,
    ])
    expect(retryDelay(undefined, 1, 0)).toBeUndefined()
  })

  test('jitter takes a share of it away', () => {
    expect([0, 0.5, 0.999].map((random) => retryDelay({ ...policy, jitter: 0.2 }, 1, random))).toEqual([
      100, 90, 80,
    ])
  })

  test('what another try cannot cure is not tried again', () => {
    expect(isRetryable(new Error('x'))).toBe(true)
    expect(isRetryable('x')).toBe(true)
    expect(isRetryable(new PipewrightError('STEP_TIMEOUT', 'x'))).toBe(true)
    for (const code of ['OUTPUT_INVALID', 'ENVIRONMENT_INVALID', 'DEPENDENCY_MISSING'] as const)
      expect(isRetryable(new PipewrightError(code, 'x'))).toBe(false)
  })
})

test('seeded numbers are even, the same for a seed and others for another', () => {
  const random = seededRandom('a')
  const numbers = Array.from({ length: 20_000 }, random)
  const again = seededRandom('a')
  expect(numbers.slice(0, 100)).toEqual(Array.from({ length: 100 }, again))
  expect(seededRandom('b')()).not.toBe(numbers[0])
  for (let bin = 0; bin < 10; bin++) {
    const share = numbers.filter((n) => Math.floor(n * 10) === bin).length / numbers.length
    expect(share).toBeGreaterThan(0.09)
    expect(share).toBeLessThan(0.11)
  }
})

test('ids rise, also within a millisecond and when the clock goes back', () => {
  const now = Date.now()
  const ids = Array.from({ length: 10_000 }, (_, i) => uuidv7(i > 5_000 ? now - 1_000 : now))
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('packed values give back what they took', () => {
  const digest = sha256('x')
  const plain: Value = {
    artifact: { kind: 'json', digest, blob: digest, size: 3, mediaType: 'application/json' },
  }
  const values: Value[] = [
    plain,
    { artifact: { ...('artifact' in plain ? plain.artifact : (undefined as never)), kind: 'file' } },
    {
      artifact: {
        kind: 'table',
        digest,
        blob: sha256('y'),
        size: 2 ** 40,
        mediaType: 'a',
        meta: { rows: 1 },
      },
    },
    { value: [1] },
    { absent: true },
    plain,
  ]
  const packed = new PackedValues(values.length)
  for (const [index, value] of values.entries()) packed.set(index, value)
  expect(values.map((_, index) => packed.get(index))).toEqual(values)
})

test('errors are recorded with code and causes, whatever was thrown', () => {
  const inner = Object.assign(new TypeError('inner'), { code: 'E_INNER' })
  const record = errorRecord(new Error('outer', { cause: inner }))
  expect(record).toMatchObject({
    name: 'Error',
    message: 'outer',
    cause: { name: 'TypeError', code: 'E_INNER' },
  })
  const endless: { cause?: unknown } & Error = new Error('endless')
  endless.cause = endless
  expect(JSON.stringify(errorRecord(endless)).length).toBeLessThan(1_000_000)
  expect(errorRecord({ a: 1 }).message).toContain('{ a: 1 }')
  expect(errorRecord(new Error('x'.repeat(200_000))).message.length).toBeLessThan(70_000)
})

test('one that is aborted by whoever begins before it begins once', () => {
  const pool = new ResourcePool({ gpu: 2 })
  const aborts = new AbortController()
  const log: string[] = []
  const hold: (() => void)[] = []
  const needs = pool.needs({ gpu: 2 }, 'a')
  pool.acquire(needs, (release) => hold.push(release), aborts.signal)
  const one = pool.needs({ gpu: 1 }, 'b')
  pool.acquire(
    one,
    () => {
      log.push('first')
      aborts.abort()
    },
    aborts.signal,
  )
  pool.acquire(one, () => log.push('second'), aborts.signal)
  hold[0]!()
  expect(log).toEqual(['first', 'second'])
})

test('resources are given in the order in which they were asked for, as far as they can be met', () => {
  const pool = new ResourcePool({ gpu: 2 })
  const log: string[] = []
  const aborts = new AbortController()
  const releases = new Map<string, () => void>()
  const ask = (name: string, gpu: number): void =>
    pool.acquire(
      pool.needs({ gpu, cpu: 8, unbounded: 3 }, name),
      (release) => {
        log.push(name)
        releases.set(name, release)
      },
      aborts.signal,
    )
  ask('a', 1)
  ask('b', 2)
  ask('c', 1)
  expect(log).toEqual(['a', 'c'])
  releases.get('a')!()
  releases.get('a')!()
  expect(log).toEqual(['a', 'c'])
  releases.get('c')!()
  expect(log).toEqual(['a', 'c', 'b'])
  expect(() => ask('d', 3)).toThrow("step 'd' needs 3 of resource 'gpu', there are 2")
})
