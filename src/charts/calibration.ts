import type { CalibrationBin, CalibrationChart } from '../artifact/chart.ts'
import type { ChartBlock } from '../artifact/report-block.ts'
import { checkNumbers, checkPairs, refuse } from './pairs.ts'
import { binary, type BinaryLabel } from './ranked.ts'

/**
 * How rows are put into bins.
 *
 * @example
 * ```ts
 * const { data } = calibration(labels, scores, { bins: 20 })
 * ```
 */
export interface CalibrationOptions {
  /** The number of intervals of equal width in [0, 1]. Default 10, at most 100. */
  readonly bins?: number
}

/** The bin that a score lies in. A product that is rounded down would put 0.29 below the edge at 0.29. */
function binOf(score: number, bins: number): number {
  const near = Math.floor(score * bins)
  const bin = score >= (near + 1) / bins ? near + 1 : score < near / bins ? near - 1 : near
  return Math.min(bins - 1, bin)
}

/**
 * Predicted against observed share of positives, as a block of a report, with the calibration error.
 *
 * `scores` are probabilities, 0 to 1. Bins are of equal width and closed below (the last one on both sides); those
 * without rows are left out. The expected calibration error is the mean gap between mean score and share of positives,
 * weighted by rows (Naeini, Cooper and Hauskrecht, AAAI 2015); the Brier score is the mean squared difference of score
 * and outcome (Brier, Monthly Weather Review 78, 1950). Pure. Throws `INPUT_INVALID` for lists of different lengths or
 * scores outside of [0, 1].
 *
 * @example
 * ```ts
 * const chart = calibration(labels, scores)
 * ctx.metric('calibration-error', chart.data.expectedError)
 * ctx.report({ blocks: [chart] })
 * ```
 */
export function calibration(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  options: CalibrationOptions = {},
): ChartBlock<CalibrationChart> {
  const { bins = 10 } = options
  const name = 'calibration'
  checkPairs(name, ['labels', labels], ['scores', scores])
  checkNumbers(name, 'scores', scores)
  if (!Number.isInteger(bins) || bins < 1 || bins > 100)
    refuse(name, `bins is ${String(bins)}`, 'give a whole number from 1 to 100')
  const positive = binary(name, labels)
  const sums = Array.from({ length: bins }, () => ({ count: 0, scores: 0, positives: 0 }))
  let squares = 0
  for (let row = 0; row < scores.length; row++) {
    const score = scores[row]!
    if (score < 0 || score > 1) refuse(name, `scores[${row}] is ${score}`, 'give probabilities, from 0 to 1')
    const sum = sums[binOf(score, bins)]!
    sum.count++
    sum.scores += score
    sum.positives += positive[row]!
    squares += (score - positive[row]!) ** 2
  }
  const filled = sums.flatMap(({ count, scores: total, positives }, bin): CalibrationBin[] =>
    count === 0
      ? []
      : [
          {
            from: bin / bins,
            to: (bin + 1) / bins,
            count,
            predicted: total / count,
            observed: positives / count,
          },
        ],
  )
  const gaps = filled.reduce(
    (sum, { count, predicted, observed }) => sum + count * Math.abs(predicted - observed),
    0,
  )
  return {
    type: 'chart',
    data: {
      chart: 'calibration',
      expectedError: gaps / scores.length,
      brier: squares / scores.length,
      bins: filled,
    },
  }
}
