/** A scored row: the predicted probability and what it was. */
export interface Scored {
  probability: number
  label: 0 | 1
}

/** A point of the ROC curve. */
export interface RocPoint {
  falsePositiveRate: number
  truePositiveRate: number
}

/** The ROC curve, from (0, 0) to (1, 1); rows of equal score make one point. */
export function rocCurve(rows: readonly Scored[]): RocPoint[] {
  const sorted = rows.toSorted((a, b) => b.probability - a.probability)
  const positives = rows.filter(({ label }) => label === 1).length
  const negatives = rows.length - positives
  const points: RocPoint[] = [{ falsePositiveRate: 0, truePositiveRate: 0 }]
  let hits = 0
  let alarms = 0
  for (const [i, { probability, label }] of sorted.entries()) {
    if (label === 1) hits++
    else alarms++
    if (sorted[i + 1]?.probability !== probability) {
      points.push({ falsePositiveRate: alarms / negatives, truePositiveRate: hits / positives })
    }
  }
  return points
}

/** The area under a ROC curve (trapezoids). */
export function areaUnder(points: readonly RocPoint[]): number {
  let area = 0
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!]
    area += ((b.falsePositiveRate - a.falsePositiveRate) * (a.truePositiveRate + b.truePositiveRate)) / 2
  }
  return area
}

/** Counts at the threshold 0.5. */
export function confusionOf(rows: readonly Scored[]): { tp: number; fp: number; tn: number; fn: number } {
  const counts = { tp: 0, fp: 0, tn: 0, fn: 0 }
  for (const { probability, label } of rows) {
    if (probability >= 0.5) counts[label === 1 ? 'tp' : 'fp']++
    else counts[label === 1 ? 'fn' : 'tn']++
  }
  return counts
}

/** A bin of the calibration curve. */
export interface CalibrationBin {
  predicted: number
  observed: number
  count: number
}

/** Predicted against observed share of positives in ten equal bins of the score. */
export function calibrationOf(rows: readonly Scored[], bins = 10): CalibrationBin[] {
  const result: CalibrationBin[] = []
  for (let bin = 0; bin < bins; bin++) {
    const inside = rows.filter(
      ({ probability }) => Math.min(bins - 1, Math.floor(probability * bins)) === bin,
    )
    if (inside.length === 0) continue
    const mean = (value: (row: Scored) => number): number =>
      inside.reduce((sum, row) => sum + value(row), 0) / inside.length
    result.push({
      predicted: mean((row) => row.probability),
      observed: mean((row) => row.label),
      count: inside.length,
    })
  }
  return result
}

/** The expected calibration error: the mean gap between predicted and observed, weighted by count. */
export function calibrationError(bins: readonly CalibrationBin[]): number {
  const total = bins.reduce((sum, { count }) => sum + count, 0)
  return bins.reduce(
    (sum, { predicted, observed, count }) => sum + (count / total) * Math.abs(predicted - observed),
    0,
  )
}
