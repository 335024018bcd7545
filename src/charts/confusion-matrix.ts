import type { ConfusionMatrixChart } from '../artifact/chart.ts'
import type { ChartBlock } from '../artifact/report-block.ts'
import { checkPairs, memberText, refuse } from './pairs.ts'

/** A class, as it stands in a row. */
export type ClassLabel = string | number | boolean

/** Numbers by size, before texts, which are sorted as people do: 'class-2' before 'class-10'. */
function byOrder(a: string, b: string): number {
  const [x, y] = [a, b].map((label) => (label.trim() === '' ? Number.NaN : Number(label))) as [number, number]
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1
  return Number.isNaN(x) || x === y ? a.localeCompare(b, 'en', { numeric: true }) : x - y
}

/** Refuses a list with a member that names no class: what is missing would become a class of its own. */
function checkClasses(chart: string, name: string, classes: ArrayLike<unknown>): void {
  for (let row = 0; row < classes.length; row++) {
    const label = classes[row]
    if (typeof label === 'string' || typeof label === 'boolean') continue
    if (typeof label !== 'number' || Number.isNaN(label))
      refuse(
        chart,
        `${name}[${row}] is ${memberText(label)}, no class`,
        'give texts, numbers or booleans; leave out rows without a class',
      )
  }
}

/** A matrix of more classes cannot be read. */
const mostClasses = 100

/**
 * How often each class was predicted as each, as a block of a report, with the accuracy.
 *
 * `counts[i][j]` is the number of rows of class i that were predicted as class j. Classes are told apart as text (1 and
 * '1' are one). `labels` gives their order, and may name classes that do not occur; by default they are sorted, numbers
 * by size. Pure. Throws `INPUT_INVALID` for lists of different lengths, rows without a class (NaN, null), a class that
 * `labels` does not name, or more than 100 classes.
 *
 * @example
 * ```ts
 * const actual = ['benign', 'malignant', 'benign']
 * const predicted = ['benign', 'malignant', 'malignant']
 * const matrix = confusionMatrix(actual, predicted, { labels: ['benign', 'malignant'] })
 * matrix.data.counts // [[1, 1], [0, 1]]
 * ctx.report({ blocks: [matrix] })
 * ```
 */
export function confusionMatrix(
  actual: ArrayLike<ClassLabel>,
  predicted: ArrayLike<ClassLabel>,
  options: { readonly labels?: readonly ClassLabel[] } = {},
): ChartBlock<ConfusionMatrixChart> {
  const name = 'confusionMatrix'
  checkPairs(name, ['actual classes', actual], ['predicted classes', predicted])
  checkClasses(name, 'actual', actual)
  checkClasses(name, 'predicted', predicted)
  const occurring = (): string[] =>
    [...new Set([...Array.from(actual, String), ...Array.from(predicted, String)])].sort(byOrder)
  const labels = options.labels === undefined ? occurring() : options.labels.map(String)
  if (labels.length > mostClasses)
    refuse(name, `there are ${labels.length} classes`, `put rare ones together: ${mostClasses} at most`)
  const numbers = new Map(labels.map((label, index) => [label, index]))
  if (numbers.size !== labels.length) refuse(name, 'labels names a class twice', 'name each class once')
  const numberOf = (label: ClassLabel): number =>
    numbers.get(String(label)) ??
    refuse(name, `labels does not name the class ${JSON.stringify(label)}`, 'add it to labels')
  const counts = labels.map(() => labels.map(() => 0))
  let right = 0
  for (let row = 0; row < actual.length; row++) {
    const [i, j] = [numberOf(actual[row]!), numberOf(predicted[row]!)]
    counts[i]![j]!++
    if (i === j) right++
  }
  return {
    type: 'chart',
    data: { chart: 'confusion-matrix', labels, counts, accuracy: right / actual.length },
  }
}
