type Measure = (text: string) => number

const measures = new Map<string, Measure>()

/** The width of a text in a font of the page, in pixels; `font` is its weight and its size. */
function measureOf(font: string): Measure {
  const known = measures.get(font)
  if (known !== undefined) return known
  const canvas = document.createElement('canvas').getContext('2d')!
  canvas.font = `${font} ${getComputedStyle(document.body).fontFamily}`
  const measure: Measure = (text) => canvas.measureText(text).width
  measures.set(font, measure)
  return measure
}

/** A text that is no wider than `most` pixels: its middle gives way, for names differ at their ends. */
export function fittedText(text: string, most: number, font: string): string {
  const measure = measureOf(font)
  if (measure(text) <= most) return text
  const characters = Array.from(text)
  let [low, high] = [0, characters.length - 1]
  const cut = (kept: number): string =>
    `${characters.slice(0, Math.ceil(kept / 2)).join('')}…${kept < 2 ? '' : characters.slice(-Math.floor(kept / 2)).join('')}`
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (measure(cut(middle)) <= most) low = middle
    else high = middle - 1
  }
  return cut(low)
}
