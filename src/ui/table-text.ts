import { padTo, widthOf } from './fit.ts'
import { noColours, type Palette } from './palette.ts'

/** Rows as a table with a head, columns as wide on a terminal as their widest cell; cells may be coloured. */
export function tableText(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { faint }: Pick<Palette, 'faint'> = noColours,
): string {
  const widths = head.map((title, column) =>
    Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(widthOf)),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => padTo(cell, widths[column]!))
      .join('  ')
      .trimEnd()
  return [faint(line(head)), faint(line(widths.map((width) => '-'.repeat(width)))), ...rows.map(line)].join(
    '\n',
  )
}
