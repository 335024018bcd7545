import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePipeline } from '../../src/index.ts'
import { testPipeline } from '../../src/testing/index.ts'
import { add } from './support.ts'

const Region = z.object({ region: z.string(), n: z.number() })

const byRegion = definePipeline({ name: 'by-region', inputs: { regions: z.array(Region) } }, (p, input) => {
  const each = p.map(input.regions, (item, q) => q.step(add, { n: q.pick(item, 'n') }), {
    id: 'each',
    key: 'region',
    maxFailed: 1,
  })
  return { n: each.n, keys: each.keys, failed: each.failed }
})

const regions = (...numbers: readonly number[]): z.infer<typeof Region>[] =>
  numbers.map((n, index) => ({ region: ['eu', 'us', 'a/b [c]', 'ä'][index]!, n }))

describe('p.map', () => {
  test('by key: paths name the items', async () => {
    const run = await testPipeline(byRegion, { regions: regions(1, 2, 3, 4) })
    expect(run.outputs).toEqual({ n: [2, 3, 4, 5], keys: ['eu', 'us', 'a/b [c]', 'ä'], failed: [] })
    expect(run.executions.filter(({ step }) => step === 'add').map(({ node }) => node)).toEqual([
      'each["eu"]/add',
      'each["us"]/add',
      String.raw`each["a\u002fb \u005bc\u005d"]/add`,
      String.raw`each["\u00e4"]/add`,
    ])
  })

  test('maxFailed: what succeeded is gathered, what failed is told', async () => {
    const run = await testPipeline(byRegion, { regions: regions(1, -2, 3) })
    expect(run.state).toBe('succeeded')
    expect(run.outputs).toEqual({
      n: [2, 4],
      keys: ['eu', 'a/b [c]'],
      failed: [
        {
          key: 'us',
          index: 1,
          node: 'each["us"]/add',
          error: { name: 'Error', message: '-2 is negative' },
        },
      ],
    })
  })

  test('more than maxFailed fail the map', async () => {
    const run = await testPipeline(byRegion, { regions: regions(-1, -2, 3) })
    expect(run.state).toBe('failed')
    expect(run.executions.find(({ node }) => node === 'each')?.state).toBe('failed')
  })

  test('maxFailed as a share, without a key', async () => {
    const shared = definePipeline({ name: 'shared', inputs: { list: z.array(z.number()) } }, (p, input) => {
      const each = p.map(input.list, (n, q) => q.step(add, { n }), { maxFailed: '50%' })
      return { n: each.n, keys: each.keys }
    })
    expect((await testPipeline(shared, { list: [1, -1, -2, 4] })).outputs).toEqual({
      n: [2, 5],
      keys: ['0', '3'],
    })
    expect((await testPipeline(shared, { list: [1, -1, -2] })).state).toBe('failed')
    expect((await testPipeline(shared, { list: [] })).outputs).toEqual({ n: [], keys: [] })
  })

  test('a tolerated failure lets the rest of the run go on, at every depth', async () => {
    const deep = definePipeline(
      { name: 'deep', inputs: { lists: z.array(z.array(z.number())) } },
      (p, input) => {
        const outer = p.map(
          input.lists,
          (list, q) => {
            const inner = q.map(list, (n, r) => r.step(add, { n }), { id: 'inner' })
            return { n: q.step(add, { n: q.pick(inner.n, 0) }, { id: 'first' }).n }
          },
          { id: 'outer', maxFailed: '100%' },
        )
        return { n: outer.n, failed: outer.failed, after: p.step(add, { n: 1 }, { after: [outer] }).n }
      },
    )
    const run = await testPipeline(deep, { lists: [[1, 2], [-1, 2], [5]] })
    expect(run.outputs).toEqual({
      n: [3, 7],
      failed: [expect.objectContaining({ index: 1, node: 'outer[1]/inner[0]/add' })],
      after: 2,
    })
  })

  test.each([
    [
      'a list with duplicate keys',
      [...regions(1), ...regions(2)],
      /items 0 and 1 have the same region, "eu"/,
    ],
    ['an item without the key', [...regions(1), { n: 2 }], /input 'regions\[1\]\.region'|regions.*region/],
  ])('refuses %s', async (_, given, message) => {
    const failed = async (): Promise<unknown> => {
      const run = await testPipeline(byRegion, { regions: given as never })
      return run.outputs
    }
    await expect(failed()).rejects.toThrow(message)
  })

  test('refuses what is not a list', async () => {
    const loose = definePipeline({ name: 'loose', inputs: { list: z.any() } }, (p, input) => {
      const each = p.map(input.list as never, (n, q) => q.step(add, { n } as never))
      return { n: each.n }
    })
    for (const [given, what] of [
      [null, 'null'],
      [7, 'number'],
    ] as const) {
      const run = await testPipeline(loose, { list: given })
      expect(() => run.outputs).toThrow(new RegExp(`map 'map' was given a ${what}, not a list`))
    }
  })

  test.each([
    [{ maxFailed: -1 }, /maxFailed -1 is neither a count nor a share/],
    [{ maxFailed: '150%' }, /maxFailed "150%" is neither/],
    [{ key: '' }, /key needs a name/],
  ])('refuses the options %j', (options, message) => {
    expect(() =>
      definePipeline({ name: 'bad', inputs: { list: z.array(z.number()) } }, (p, input) => {
        p.map(input.list, (n, q) => q.step(add, { n }), options as never)
        return {}
      }),
    ).toThrow(message)
  })
})
