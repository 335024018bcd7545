import { cellOf, type Column } from '../artifact/table-columns.ts'
import { shown } from './shown.ts'
import type { PageColumn } from './page-data.ts'

const bins = 24
const mostValues = 8
/** Columns with more distinct values than this are not counted to the end. */
const mostDistinct = 10_000

type Spread = NonNullable<PageColumn['spread']>

function numbersSpread(numbers: Float64Array, dates: boolean): Spread | undefined {
  let [min, max, sum] = [Infinity, -Infinity, 0]
  for (const value of numbers) {
    if (value < min) min = value
    if (value > max) max = value
    sum += value
  }
  if (numbers.length === 0) return undefined
  const counts = Array.from({ length: min === max ? 1 : bins }, () => 0)
  // Halves: the distance between the ends of all doubles is none.
  const width = max / counts.length - min / counts.length
  for (const value of numbers)
    counts[Math.min(counts.length - 1, width === 0 ? 0 : Math.floor((value - min) / width))]!++
  return { kind: 'numbers', min, max, mean: sum / numbers.length, counts, ...(dates ? { dates } : {}) }
}

function valuesSpread(texts: Iterable<string>): Spread | undefined {
  const counts = new Map<string, number>()
  for (const text of texts) {
    if (counts.size < mostDistinct || counts.has(text)) counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  const top = [...counts].toSorted((a, b) => b[1] - a[1]).slice(0, mostValues)
  return counts.size === 0
    ? undefined
    : { kind: 'values', distinct: counts.size, top: top.map(([text, count]) => [shown(text, 60), count]) }
}

/** How the cells of a column are spread, over its first rows. */
export function spreadOf(column: Column, rows: number): PageColumn {
  const { name, type } = column
  let missing = 0
  const isNumeric = type === 'number' || type === 'date' || type === 'bigint'
  const numbers: number[] = []
  const texts: string[] = []
  for (let row = 0; row < rows; row++) {
    const cell = cellOf(column, row)
    if (cell === null || cell === undefined || (typeof cell === 'number' && Number.isNaN(cell))) missing++
    else if (!isNumeric)
      texts.push(typeof cell === 'object' ? JSON.stringify(cell) : String(cell as string | number | boolean))
    else {
      const number = Number(cell)
      if (Number.isFinite(number)) numbers.push(number)
    }
  }
  const spread = isNumeric ? numbersSpread(Float64Array.from(numbers), type === 'date') : valuesSpread(texts)
  return { name: shown(name, 120), type, missing, ...(spread === undefined ? {} : { spread }) }
}

/** A cell as text. */
export function cellText(column: Column, row: number): string {
  const cell = cellOf(column, row)
  if (cell === null || cell === undefined) return ''
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? 'invalid' : cell.toISOString()
  return shown(
    typeof cell === 'object' ? JSON.stringify(cell) : String(cell as string | number | boolean),
    120,
  )
}
