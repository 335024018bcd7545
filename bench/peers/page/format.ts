/** Three significant digits. */
export function number(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return String(Number(value.toPrecision(3)))
}

export const seconds = (value: number): string => `${number(value)} s`
export const milliseconds = (value: number): string => `${number(value)} ms`

/** What a step costs beyond the start-up; a dash where that varies by more. */
export const beyondStart = (value: number): string => (value > 0 ? milliseconds(value) : '–')

/** A Markdown table; the first column is text, the others are aligned to the right unless said otherwise. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: 'numbers' | 'text' = 'numbers',
): string {
  const rule = head.map((_, i) => (i === 0 || align === 'text' ? '---' : '---:'))
  // A bar inside of a cell would end it.
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

/** `a, b and c`. */
export function series(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)!}`
}
