import { fit, widthOf } from '../fit.ts'
import type { Palette } from '../palette.ts'

/** How a row's node is doing; it decides on the mark, the colour, and on what is left out when there is no room. */
export type RowState = 'running' | 'waiting' | 'done' | 'reused' | 'failed' | 'stopped' | 'pending'

/** One line of the tree before it is made to fit. */
export interface Row {
  readonly depth: number
  readonly state: RowState
  readonly name: string
  /** From the most to the least important: those that find no room are left out. */
  readonly facts: readonly Fact[]
}

/** A fact as it is drawn; several ways, the longest first, where a shorter one may find room. */
export type Fact = string | readonly string[]

/** The marks that turn while something runs. */
export const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

const marks: Readonly<Record<Exclude<RowState, 'running'>, string>> = {
  waiting: '◌',
  done: '✓',
  reused: '↺',
  failed: '✗',
  stopped: '■',
  pending: '○',
}

function colourOf(state: RowState, palette: Palette): (text: string) => string {
  switch (state) {
    case 'done':
    case 'reused':
      return palette.good
    case 'failed':
      return palette.bad
    case 'running':
      return palette.busy
    case 'waiting':
    case 'stopped':
      return palette.careful
    case 'pending':
      return palette.faint
  }
}

/** A row as a line of at most so many cells. */
export function lineOf(row: Row, columns: number, frame: number, palette: Palette): string {
  const mark = row.state === 'running' ? spinner[frame % spinner.length]! : marks[row.state]
  const indent = ' '.repeat(Math.min(row.depth * 2, Math.max(0, columns - 12)))
  const head = fit(`${indent}${mark} ${row.name}`, columns)
  const colour = colourOf(row.state, palette)
  let left = columns - widthOf(head)
  let tail = ''
  for (const fact of row.facts) {
    const ways = typeof fact === 'string' ? [fact] : fact
    const way = ways.find((one) => widthOf(one) + 2 <= left)
    if (way === undefined) continue
    tail += `  ${way}`
    left -= widthOf(way) + 2
  }
  const marked = head.startsWith(`${indent}${mark}`)
    ? `${indent}${colour(mark)}${row.state === 'pending' ? palette.faint(head.slice(indent.length + mark.length)) : head.slice(indent.length + mark.length)}`
    : head
  return tail === '' ? marked : `${marked}${palette.faint(tail)}`
}

/** Folds rows into at most so many: what is done first, then what is to come, what runs and what failed last. */
export function folded(rows: readonly Row[], most: number): readonly Row[] {
  if (rows.length <= most) return rows
  if (most <= 0) return []
  const rank: Readonly<Record<RowState, number>> = {
    failed: 0,
    running: 1,
    waiting: 1,
    stopped: 2,
    pending: 3,
    done: 4,
    reused: 4,
  }
  const byRank = rows.map((row, index) => ({ rank: rank[row.state], index }))
  const kept = new Set(
    byRank
      .toSorted((a, b) => a.rank - b.rank || a.index - b.index)
      .slice(0, most - 1)
      .map(({ index }) => index),
  )
  const left = rows.filter((_, index) => !kept.has(index))
  const of = (...states: readonly RowState[]): number =>
    left.filter(({ state }) => states.includes(state)).length
  const counts = [
    [of('running', 'waiting'), 'running'],
    [of('failed', 'stopped'), 'failed'],
    [of('done', 'reused'), 'done'],
    [of('pending'), 'to come'],
  ] as const
  const text = counts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`])).join(', ')
  return [
    ...rows.filter((_, index) => kept.has(index)),
    { depth: 0, state: 'pending', name: `… ${text}`, facts: [] },
  ]
}
