import type { ResidualsChart } from '../artifact/chart.ts'
import type { ChartBlock } from '../artifact/report-block.ts'
import { checkNumbers, checkPairs, refuse } from './pairs.ts'
import { thin } from './thin.ts'

const mostDrawn = 1_000
/** What is furthest off is looked for: so many are never thinned away. */
const mostKept = 50

type Point = ResidualsChart['points'][number]

/** The points that a picture shows, by their predictions. */
function drawnOf(points: readonly Point[]): readonly Point[] {
  const far = new Set(points.toSorted((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, mostKept))
  const byPrediction = (all: readonly Point[]): readonly Point[] => all.toSorted((a, b) => a[0] - b[0])
  if (points.length <= mostDrawn) return byPrediction(points)
  const rest = byPrediction(points.filter((point) => !far.has(point)))
  return byPrediction([...far, ...thin(rest, mostDrawn - mostKept)])
}

/**
 * The residuals (actual minus predicted) of a regression against its predictions, as a block of a report, with RMSE,
 * MAE and R².
 *
 * R² is 1 - Σ(actual - predicted)² / Σ(actual - mean)², null where all actual values are equal (as scikit-learn's
 * `r2_score` of many rows). The figures are of all rows; 1,000 points at most are kept, evenly spread over the
 * predictions. Units are those of the values. Pure. Throws `INPUT_INVALID` for lists of different lengths or values that
 * are not finite.
 *
 * @example
 * ```ts
 * const chart = residuals([3, 5, 8], [2.5, 5.5, 7.5])
 * chart.data.rmse // 0.5
 * ctx.report({ blocks: [chart] })
 * ```
 */
export function residuals(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
): ChartBlock<ResidualsChart> {
  const name = 'residuals'
  checkPairs(name, ['actual values', actual], ['predictions', predicted])
  checkNumbers(name, 'actual', actual)
  checkNumbers(name, 'predicted', predicted)
  const count = actual.length
  const center = Array.from(actual).reduce((sum, value) => sum + value, 0) / count
  let [sum, squares, sizes, spread] = [0, 0, 0, 0]
  const points: (readonly [number, number])[] = []
  for (let row = 0; row < count; row++) {
    const residual = actual[row]! - predicted[row]!
    sum += residual
    squares += residual ** 2
    sizes += Math.abs(residual)
    spread += (actual[row]! - center) ** 2
    points.push([predicted[row]!, residual])
  }
  if (!Number.isFinite(squares) || !Number.isFinite(spread))
    refuse(name, 'the squares of these values are too large for numbers', 'give them in a larger unit')
  // Asked of the values: the mean of equal ones is not always equal to them.
  const isConstant = Array.prototype.every.call(actual, (value) => value === actual[0])
  return {
    type: 'chart',
    data: {
      chart: 'residuals',
      count,
      mean: sum / count,
      rmse: Math.sqrt(squares / count),
      mae: sizes / count,
      r2: isConstant || spread === 0 ? null : 1 - squares / spread,
      points: drawnOf(points),
    },
  }
}
