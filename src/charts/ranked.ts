import { checkNumbers, checkPairs, memberText, refuse } from './pairs.ts'

/** Whether a row is a positive: true or 1, false or 0. */
export type BinaryLabel = boolean | 0 | 1

/** What the labels and scores of all rows come to, at one threshold. */
export interface Cut {
  /** Rows with at least this score count as positive. */
  readonly threshold: number
  readonly truePositives: number
  readonly falsePositives: number
}

/** Rows by their scores, the highest first; rows of equal score are one cut. */
export interface Ranked {
  readonly positives: number
  readonly negatives: number
  readonly cuts: readonly Cut[]
}

/** Checks binary labels and gives them as 0 and 1. */
export function binary(chart: string, labels: ArrayLike<BinaryLabel>): Uint8Array {
  return Uint8Array.from({ length: labels.length }, (_, row) => {
    const label: unknown = labels[row]
    if (label === true || label === 1) return 1
    if (label === false || label === 0) return 0
    return refuse(
      chart,
      `labels[${row}] is ${memberText(label)}`,
      'give true or 1 for positives, false or 0 for negatives',
    )
  })
}

/** Ranks rows by score. Rows without both classes have no such curve, and are refused. */
export function rank(chart: string, labels: ArrayLike<BinaryLabel>, scores: ArrayLike<number>): Ranked {
  checkPairs(chart, ['labels', labels], ['scores', scores])
  checkNumbers(chart, 'scores', scores)
  const positive = binary(chart, labels)
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row).sort(
    (a, b) => scores[b]! - scores[a]!,
  )
  const cuts: Cut[] = []
  let [truePositives, falsePositives] = [0, 0]
  for (const [place, row] of order.entries()) {
    if (positive[row] === 1) truePositives++
    else falsePositives++
    const next = order[place + 1]
    if (next === undefined || scores[next] !== scores[row])
      cuts.push({ threshold: scores[row]!, truePositives, falsePositives })
  }
  if (truePositives === 0 || falsePositives === 0)
    refuse(
      chart,
      `all ${labels.length} rows are ${truePositives === 0 ? 'negatives' : 'positives'}`,
      'give rows of both classes',
    )
  return { positives: truePositives, negatives: falsePositives, cuts }
}
