import fc from 'fast-check'
import {
  calibration,
  confusionMatrix,
  featureImportance,
  prCurve,
  residuals,
  rocCurve,
} from 'pipewright/charts'
import { describe, expect, test } from 'vitest'
import { chartProblem } from '../../src/artifact/chart-problem.ts'

// The rows and results of the examples in scikit-learn's documentation of roc_auc_score and its neighbours.
const labels = [0, 0, 1, 1] as const
const scores = [0.1, 0.4, 0.35, 0.8]

const rows = fc
  .array(fc.record({ label: fc.boolean(), score: fc.integer({ min: 0, max: 8 }).map((n) => n / 8) }), {
    minLength: 2,
    maxLength: 60,
  })
  .filter((all) => all.some(({ label }) => label) && all.some(({ label }) => !label))

describe('rocCurve', () => {
  test('gives what scikit-learn gives', () => {
    const { data } = rocCurve(labels, scores)
    expect(data.auc).toBe(0.75)
    expect(data.points.map(([x, y]) => [x, y])).toEqual([
      [0, 0],
      [0, 0.5],
      [0.5, 0.5],
      [0.5, 1],
      [1, 1],
    ])
    expect(data.points.map(([, , threshold]) => threshold)).toEqual([null, 0.8, 0.4, 0.35, 0.1])
  })

  test('the area is the share of pairs in order, ties half, and that under the curve', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const { data } = rocCurve(
          all.map(({ label }) => label),
          all.map(({ score }) => score),
        )
        let [pairs, right] = [0, 0]
        for (const a of all.filter(({ label }) => label)) {
          for (const b of all.filter(({ label }) => !label)) {
            pairs++
            right += a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0
          }
        }
        expect(data.auc).toBeCloseTo(right / pairs, 12)
        let area = 0
        for (let i = 1; i < data.points.length; i++) {
          const [a, b] = [data.points[i - 1]!, data.points[i]!]
          area += ((b[0] - a[0]) * (a[1] + b[1])) / 2
        }
        expect(area).toBeCloseTo(data.auc, 12)
      }),
    )
  })

  test('a curve of many rows is thinned, its ends are kept', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => i)
    const { data } = rocCurve(
      many.map((i) => (i * 7919) % 13 < 5),
      many.map((i) => ((i * 104_729) % 20_011) / 20_011),
    )
    expect(data.points.length).toBeLessThanOrEqual(500)
    expect(data.points[0]!.slice(0, 2)).toEqual([0, 0])
    expect(data.points.at(-1)!.slice(0, 2)).toEqual([1, 1])
  })

  test.each([
    ['there are 2 labels and 1 scores', [true, false], [1]],
    ['there are no labels', [], []],
    ['scores[1] is NaN', [true, false], [1, Number.NaN]],
    ['scores[0] is Infinity', [true, false], [Infinity, 1]],
    ['scores[1] is "0.3"', [true, false], [1, '0.3']],
    ['all 2 rows are positives', [1, 1], [0.1, 0.2]],
    ['all 2 rows are negatives', [0, 0], [0.1, 0.2]],
    ['labels[0] is "yes"', ['yes', 1], [0.1, 0.2]],
    ['labels[0] is 1n', [1n, 1], [0.1, 0.2]],
    ['the labels are no list', null, [0.1]],
    ['the scores are no list', [1, 0], '01'],
  ])('refuses: %s', (message, given, values) => {
    const [labels, scores] = [given as boolean[], values as number[]]
    const refused: unknown = expect.objectContaining({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(message) as string,
      fix: expect.any(String) as string,
    })
    expect(() => rocCurve(labels, scores)).toThrow(refused as Error)
    expect(() => prCurve(labels, scores)).toThrow(refused as Error)
  })
})

test('prCurve gives the average precision that scikit-learn gives', () => {
  const { data } = prCurve(labels, scores)
  expect(data.averagePrecision).toBeCloseTo(0.8333333, 6)
  expect(data.points).toEqual([
    [0, 1, null],
    [0.5, 1, 0.8],
    [1, 2 / 3, 0.35],
    [1, 0.5, 0.1],
  ])
})

/** The area under the steps of a precision-recall curve. */
function areaOf(points: readonly (readonly [number, number, number | null])[]): number {
  return points.slice(1).reduce((sum, [x, y], i) => sum + (x - points[i]![0]) * y, 0)
}

test('the area under the steps of prCurve is the average precision, for rare positives in many rows too', () => {
  fc.assert(
    fc.property(rows, (all) => {
      const { data } = prCurve(
        all.map(({ label }) => label),
        all.map(({ score }) => score),
      )
      expect(areaOf(data.points)).toBeCloseTo(data.averagePrecision, 12)
    }),
  )
  const many = Array.from({ length: 100_000 }, (_, i) => i)
  const { data } = prCurve(
    many.map((i) => i % 10_000 === 0),
    many.map((i) => ((i * 104_729) % 100_003) / 100_003),
  )
  // Ten positives are eleven steps and the end: negatives between them crowd none of these out.
  expect(data.points).toHaveLength(12)
  expect(areaOf(data.points)).toBeCloseTo(data.averagePrecision, 12)
})

test('equal scores are one threshold', () => {
  expect(rocCurve([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5]).data).toMatchObject({
    auc: 0.5,
    points: [
      [0, 0, null],
      [1, 1, 0.5],
    ],
  })
  expect(prCurve([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5]).data).toMatchObject({
    averagePrecision: 0.5,
    points: [
      [0, 0.5, null],
      [1, 0.5, 0.5],
    ],
  })
})

test('calibration: bins, their means, the expected error and the Brier score', () => {
  const { data } = calibration([0, 1, 1, 1], [0.1, 0.15, 0.9, 1], { bins: 2 })
  expect(data.bins).toEqual([
    { from: 0, to: 0.5, count: 2, predicted: 0.125, observed: 0.5 },
    { from: 0.5, to: 1, count: 2, predicted: 0.95, observed: 1 },
  ])
  expect(data.expectedError).toBeCloseTo(0.5 * 0.375 + 0.5 * 0.05, 12)
  expect(data.brier).toBeCloseTo((0.01 + 0.7225 + 0.01 + 0) / 4, 12)
  // An edge belongs to the bin above it, also where 0.29 * 100 is 28.99...
  const edges = Array.from({ length: 100 }, (_, i) => i / 100)
  const { bins } = calibration(
    Array.from(edges, () => true),
    edges,
    { bins: 100 },
  ).data
  expect(bins.map(({ from, count }) => [from, count])).toEqual(edges.map((edge) => [edge, 1]))
  expect(calibration([1, 1], [0.2, 0.9]).data.bins.map(({ observed }) => observed)).toEqual([1, 1])
  expect(() => calibration([1], [1.5])).toThrow('scores[0] is 1.5')
  expect(() => calibration([1], [1], { bins: 0 })).toThrow('bins is 0')
})

test('confusionMatrix counts actual classes by predicted ones', () => {
  const { data } = confusionMatrix(
    ['cat', 'ant', 'cat', 'cat', 'ant', 'bird'],
    ['ant', 'ant', 'cat', 'cat', 'ant', 'cat'],
  )
  expect(data.labels).toEqual(['ant', 'bird', 'cat'])
  expect(data.counts).toEqual([
    [2, 0, 0],
    [0, 0, 1],
    [1, 0, 2],
  ])
  expect(data.accuracy).toBeCloseTo(4 / 6, 12)
  expect(confusionMatrix([10, 9], [9, 9]).data.labels).toEqual(['9', '10'])
  expect(confusionMatrix([1.5, -1, 1.25, -2, 1e21], [1, 1, 1, 1, 1]).data.labels).toEqual([
    '-2',
    '-1',
    '1',
    '1.25',
    '1.5',
    '1e+21',
  ])
  expect(confusionMatrix(['n10', 'n2', ''], ['3', '3', '3']).data.labels).toEqual(['3', '', 'n2', 'n10'])
  for (const [missing, text] of [
    [null, 'null'],
    [undefined, 'undefined'],
    [Number.NaN, 'NaN'],
    [{}, 'an object'],
  ] as const) {
    expect(() => confusionMatrix(['a', missing as string], ['a', 'a'])).toThrow(
      `actual[1] is ${text}, no class`,
    )
    expect(() => confusionMatrix(['a', 'a'], ['a', missing as string])).toThrow(
      `predicted[1] is ${text}, no class`,
    )
  }
  expect(() => confusionMatrix(['a'], ['b'], { labels: ['a'] })).toThrow('labels does not name the class "b"')
  expect(() => confusionMatrix(['a'], ['a'], { labels: ['a', 'a'] })).toThrow('names a class twice')
})

test('residuals gives the figures that scikit-learn gives', () => {
  const { data } = residuals([3, -0.5, 2, 7], [2.5, 0, 2, 8])
  expect(data.r2).toBeCloseTo(0.948608, 6)
  expect(data.mae).toBe(0.5)
  expect(data.rmse ** 2).toBeCloseTo(0.375, 12)
  expect(data.points).toEqual([
    [0, -0.5],
    [2, 0],
    [2.5, 0.5],
    [8, -1],
  ])
  expect(residuals([1, 1], [1, 2]).data.r2).toBeNull()
  // The mean of three times 0.1 is not 0.1.
  expect(residuals([0.1, 0.1, 0.1], [0.2, 0.1, 0.1]).data.r2).toBeNull()
  expect(() => residuals([1e200], [-1e200])).toThrow('too large')
  expect(() => residuals([], [])).toThrow('there are no actual values')
})

test('of many residuals some are drawn, among them those that are furthest off', () => {
  const predicted = Array.from({ length: 100_000 }, (_, i) => i)
  const { data } = residuals(
    predicted.map((value) => value + (value === 50_001 ? 900 : value % 7)),
    predicted,
  )
  expect(data.count).toBe(100_000)
  expect(data.points).toHaveLength(1_000)
  expect(data.points).toContainEqual([50_001, 900])
  expect(data.points.map(([x]) => x)).toEqual(data.points.map(([x]) => x).toSorted((a, b) => a - b))
})

test('featureImportance keeps the largest by absolute value', () => {
  const { data } = featureImportance({ a: 0.1, b: -0.5, c: 0.2 }, { most: 2 })
  expect(data.features).toEqual([
    { name: 'b', importance: -0.5 },
    { name: 'c', importance: 0.2 },
  ])
  expect(data.omitted).toBe(1)
  expect(() => featureImportance({})).toThrow('there are no features')
  for (const most of [0, -1, 1.5, Number.NaN])
    expect(() => featureImportance({ a: 1 }, { most })).toThrow(`most is ${most}`)
  const one = { name: 'a', importance: 1 }
  expect(() => featureImportance([one, one])).toThrow("two features 'a'")
  expect(() => featureImportance([{ ...one, name: 3 as unknown as string }])).toThrow('has the name 3')
  expect(() => featureImportance([{ ...one, deviation: -1 }])).toThrow("deviation of 'a' is -1")
  expect(() => featureImportance([{ name: 'a', importance: Number.NaN }])).toThrow("importance of 'a'")
})

test('all of them are charts that a report takes, and say what they lack when they are not', () => {
  const charts = [
    rocCurve(labels, scores),
    prCurve(labels, scores),
    calibration(labels, scores),
    confusionMatrix([1], [2]),
    residuals([1], [2]),
    featureImportance([{ name: 'a', importance: 1, deviation: 0.1 }]),
  ]
  for (const { data } of charts) {
    expect(chartProblem(data)).toBeUndefined()
    expect(chartProblem(JSON.parse(JSON.stringify(data)))).toBeUndefined()
  }
  expect(chartProblem({ chart: 'roc', auc: 1 })).toBe('needs positives as roc charts have them')
  expect(chartProblem({ ...confusionMatrix([1], [1]).data, counts: [] })).toContain('needs counts of 1 x 1')
  // What is written by hand, or comes from another language, may be of nothing: that cannot be drawn.
  expect(chartProblem({ ...charts[0]!.data, points: [] })).toBe('needs points as roc charts have them')
  expect(chartProblem({ ...charts[2]!.data, bins: [] })).toBe('needs bins as calibration charts have them')
  expect(chartProblem({ ...charts[4]!.data, points: [[Infinity, 1]] })).toContain('needs points')
  expect(chartProblem({ ...charts[5]!.data, features: [] })).toContain('needs features')
  expect(chartProblem({ chart: 'pie' })).toContain('known: confusion-matrix')
})
