import type { PrChart } from '../artifact/chart.ts'
import type { ChartBlock } from '../artifact/report-block.ts'
import { rank, type BinaryLabel, type Ranked } from './ranked.ts'
import { thin } from './thin.ts'

function precisionAt({ truePositives, falsePositives }: Ranked['cuts'][number]): number {
  return truePositives / (truePositives + falsePositives)
}

/** The sum over thresholds of the gain in recall times the precision there. */
function averagePrecisionOf({ cuts, positives }: Ranked): number {
  let sum = 0
  let found = 0
  for (const cut of cuts) {
    sum += ((cut.truePositives - found) / positives) * precisionAt(cut)
    found = cut.truePositives
  }
  return sum
}

type Point = PrChart['points'][number]

/**
 * The points that the steps need. Where only negatives are found recall stays and precision falls: of such points the
 * first bounds the area, the rest would crowd out others when the curve is thinned. The last of all is kept.
 */
function drawnOf(points: readonly Point[]): readonly Point[] {
  return points.filter(([recall], at) => recall !== points[at - 1]?.[0] || at === points.length - 1)
}

/**
 * The precision-recall curve of a binary classifier as a block of a report, with its average precision.
 *
 * `labels` are true or 1 for positives, `scores` any numbers that rise with the belief in a positive. Average precision
 * is the sum of (R[n] - R[n-1]) P[n] over the distinct scores, not interpolated (Zhu, Waterloo, 2004; as scikit-learn's
 * `average_precision_score`); it is of all rows. The curve has at most 500 points. Pure. Throws `INPUT_INVALID` for lists
 * of different lengths, scores that are not finite, or rows of one class only.
 *
 * @example
 * ```ts
 * const chart = prCurve(labels, scores)
 * ctx.metric('average-precision', chart.data.averagePrecision)
 * ctx.report({ blocks: [chart] })
 * ```
 */
export function prCurve(labels: ArrayLike<BinaryLabel>, scores: ArrayLike<number>): ChartBlock<PrChart> {
  const ranked = rank('prCurve', labels, scores)
  const { positives, negatives, cuts } = ranked
  const points = cuts.map((cut) => [cut.truePositives / positives, precisionAt(cut), cut.threshold] as const)
  // By convention the curve begins where nothing is found yet, with the precision of its first point.
  const start = [0, points[0]![1], null] as const
  return {
    type: 'chart',
    data: {
      chart: 'precision-recall',
      averagePrecision: averagePrecisionOf(ranked),
      positives,
      negatives,
      points: thin([start, ...drawnOf(points)]),
    },
  }
}
