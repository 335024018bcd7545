import { merged, type Span } from './spans.ts'
import { shortest } from './written-forms.ts'
import { bareTexts, type BareText } from './bare-text.ts'

/** So many characters of each pattern decide where it may begin; none is shorter. */
const window = shortest
const block = 3
const tableSize = 1 << 15
const farthest = window - block + 1

interface Pattern {
  readonly text: string
  readonly name: string
}

/** The number of the three characters that end at a place. */
function blockAt(text: string, last: number): number {
  const mixed = (text.charCodeAt(last - 2) << 10) ^ (text.charCodeAt(last - 1) << 5) ^ text.charCodeAt(last)
  return (mixed ^ (mixed >> 15)) & (tableSize - 1)
}

/**
 * Finds any of many patterns in one pass over a text: by Wu and Manber, so that most characters of a text that holds
 * none are not looked at. Texts are compared bare: what is escaped twice is found, base64 in lines, and what was printed
 * line by line.
 */
export class Matcher {
  /** How far the window may go on when it ends in a block. */
  readonly #shifts = new Uint8Array(tableSize).fill(farthest)
  /** The patterns whose window ends in a block, longest first. */
  readonly #ending = new Map<number, Pattern[]>()
  /** All beginnings of patterns that are shorter than the window. */
  readonly #beginnings = new Map<string, string>()
  readonly #longest: number

  /** `patterns`: names of secrets by the texts that give them away, bare and of 8 characters or more. */
  constructor(patterns: ReadonlyMap<string, string>) {
    let longest = 0
    for (const [text, name] of patterns) {
      longest = Math.max(longest, text.length)
      for (let last = block - 1; last < window; last++) {
        const number = blockAt(text, last)
        this.#shifts[number] = Math.min(this.#shifts[number]!, window - 1 - last)
      }
      const number = blockAt(text, window - 1)
      const ending = this.#ending.get(number) ?? []
      this.#ending.set(
        number,
        [...ending, { text, name }].toSorted((a, b) => b.text.length - a.text.length),
      )
      for (let length = 1; length < window; length++) this.#beginnings.set(text.slice(0, length), name)
    }
    this.#longest = longest
  }

  /** Where patterns stand, in order; those that overlap are one. */
  find(raw: string): Span[] {
    const readings = bareTexts(raw)
    const spans = readings.map((reading) => this.#findIn(reading))
    return spans.length === 1 ? spans[0]! : merged(spans.flat())
  }

  /** The end of a text where that may be the beginning of a pattern: what follows decides. */
  opening(raw: string): Span | undefined {
    const openings = bareTexts(raw).map((reading) => this.#openingOf(reading, raw.length))
    return openings.reduce((one, other) =>
      one === undefined || (other !== undefined && other.start < one.start) ? other : one,
    )
  }

  #findIn({ text, placeOf }: BareText): Span[] {
    const found: Span[] = []
    for (let last = window - 1; last < text.length;) {
      const number = blockAt(text, last)
      const shift = this.#shifts[number]!
      if (shift > 0) {
        last += shift
        continue
      }
      const start = last - window + 1
      last++
      const pattern = this.#ending.get(number)?.find((one) => text.startsWith(one.text, start))
      if (pattern !== undefined) found.push({ start, end: start + pattern.text.length, name: pattern.name })
    }
    return merged(found).map(({ start, end, name }) => ({
      start: placeOf(start),
      end: placeOf(end - 1) + 1,
      name,
    }))
  }

  #openingOf({ text, placeOf }: BareText, end: number): Span | undefined {
    for (let start = Math.max(0, text.length - this.#longest + 1); start < text.length; start++) {
      const name =
        text.length - start < window ? this.#beginnings.get(text.slice(start)) : this.#begunBy(text, start)
      if (name !== undefined) return { start: placeOf(start), end, name }
    }
    return undefined
  }

  /** The name of the pattern that begins with the rest of a text, of the window's length or more. */
  #begunBy(text: string, start: number): string | undefined {
    const number = blockAt(text, start + window - 1)
    if (this.#shifts[number] !== 0) return undefined
    const rest = text.slice(start)
    const candidates = this.#ending.get(number)
    return candidates?.find((one) => one.text.length > rest.length && one.text.startsWith(rest))?.name
  }
}
