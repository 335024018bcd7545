import type { RocChart } from '../artifact/chart.ts'
import type { ChartBlock } from '../artifact/report-block.ts'
import { rank, type BinaryLabel, type Ranked } from './ranked.ts'
import { thin, withoutCollinear } from './thin.ts'

/** The rank statistic: of all pairs of a positive and a negative, the share that is in order; ties count half. */
function areaUnder({ cuts, positives, negatives }: Ranked): number {
  let pairs = 0
  let [above, passed] = [0, 0]
  for (const { truePositives, falsePositives } of cuts) {
    pairs += (falsePositives - passed) * (above + (truePositives - above) / 2)
    above = truePositives
    passed = falsePositives
  }
  return pairs / (positives * negatives)
}

/**
 * The ROC curve of a binary classifier as a block of a report, with the area under it.
 *
 * `labels` are true or 1 for positives, `scores` any numbers that rise with the belief in a positive. The area is the
 * Mann-Whitney rank statistic, ties counted half (Hanley and McNeil, Radiology 143, 1982); it is of all rows. The curve
 * has a point for each distinct score, without those on a straight line, and at most 500. Pure. Throws `INPUT_INVALID`
 * for lists of different lengths, scores that are not finite, or rows of one class only.
 *
 * @example
 * ```ts
 * const chart = rocCurve([true, false, true, false], [0.9, 0.8, 0.7, 0.1])
 * chart.data.auc // 0.75
 * ctx.report({ title: 'Evaluation', blocks: [chart] })
 * ```
 */
export function rocCurve(labels: ArrayLike<BinaryLabel>, scores: ArrayLike<number>): ChartBlock<RocChart> {
  const ranked = rank('rocCurve', labels, scores)
  const { positives, negatives, cuts } = ranked
  const points = cuts.map(
    ({ threshold, truePositives, falsePositives }) =>
      [falsePositives / negatives, truePositives / positives, threshold] as const,
  )
  return {
    type: 'chart',
    data: {
      chart: 'roc',
      auc: areaUnder(ranked),
      positives,
      negatives,
      points: thin(withoutCollinear([[0, 0, null], ...points])),
    },
  }
}
