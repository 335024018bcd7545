import measure from 'fast-string-truncated-width'

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
/** No character takes more cells. */
const widest = 2

/** The cells that a text takes on a terminal: wide characters take two, escape sequences none. */
export function widthOf(text: string): number {
  return measure(text).width
}

/** A text of at most so many cells, cut with an ellipsis between two characters; it holds no escape sequences. */
export function fit(text: string, columns: number): string {
  if (columns <= 0) return ''
  if (text.length * widest <= columns || widthOf(text) <= columns) return text
  let fitting = ''
  let width = 0
  for (const { segment } of segmenter.segment(text)) {
    width += widthOf(segment)
    // One cell is the ellipsis's.
    if (width > columns - 1) break
    fitting += segment
  }
  return `${fitting}…`
}

/** A text filled up with spaces to so many cells. */
export function padTo(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)))
}
