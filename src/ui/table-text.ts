import { padTo, widthOf } from './fit.ts'
import { noColours, type Palette } from './palette.ts'

/** How a table is drawn. */
export interface TableLook {
  readonly palette?: Pick<Palette, 'faint'>
  /** Of the terminal: a table that is wider is folded. Undefined where nothing wraps lines. */
  readonly columns?: number | undefined
}

type Cells = readonly string[]

/** A row as lines of its own: its first cell, and below it the others with their titles; empty ones are left out. */
function foldedRow(head: Cells, [first = '', ...others]: Cells, { faint }: Pick<Palette, 'faint'>): string {
  const titles = head.slice(1)
  const width = Math.max(0, ...titles.map(widthOf))
  const lines = others.flatMap((cell, column) =>
    cell === '' ? [] : [`  ${faint(padTo(titles[column] ?? '', width))}  ${cell}`],
  )
  return [first, ...lines].join('\n')
}

/**
 * Rows as a table with a head, columns as wide on a terminal as their widest cell; cells may be coloured. Where the
 * terminal has no room for that, each row is folded: wrapped lines of a table cannot be read.
 */
export function tableText(
  head: Cells,
  rows: readonly Cells[],
  { palette = noColours, columns }: TableLook = {},
): string {
  const { faint } = palette
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(widthOf)),
  )
  const whole = widths.reduce((sum, width) => sum + width + 2, -2)
  // One that does not know its size says 0.
  if (columns !== undefined && columns > 0 && whole > columns)
    return rows.map((row) => foldedRow(head, row, palette)).join('\n')
  const line = (cells: Cells): string =>
    cells
      .map((cell, column) => padTo(cell, widths[column]!))
      .join('  ')
      .trimEnd()
  return [faint(line(head)), faint(line(widths.map((width) => '-'.repeat(width)))), ...rows.map(line)].join(
    '\n',
  )
}
