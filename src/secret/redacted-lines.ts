import type { Redactor } from './redactor.ts'
import { merged, withoutSpans, type Span } from './spans.ts'

/** So long, in milliseconds, a line waits for the next one that may show what its end is. */
const patience = 1_000
/** A beginning of a secret that nothing follows is let go up to this length: it is likely to be chance. */
const tooShort = 8

interface Line {
  /** Where it ends in the text that is held. */
  readonly end: number
  readonly release: (text: string) => void
}

/**
 * Redacts lines that are written one after the other as one text, so that a secret is found that was printed in pieces.
 * A line whose end may be the beginning of a secret is held until the next one tells, or a second has passed; those
 * after it wait as well, so that lines stay in order.
 */
export class RedactedLines {
  readonly #redactor: Redactor
  /** From the earliest character on that may belong to a secret, or is not given out. */
  #text = ''
  /** So much of it was given out. */
  #given = 0
  #held: Line[] = []
  #later: NodeJS.Timeout | undefined

  constructor(redactor: Redactor) {
    this.#redactor = redactor
  }

  /** Takes a line; `release` is called with what may be shown of it, at once where that is known. */
  write(line: string, release: (text: string) => void): void {
    if (this.#redactor.isEmpty && this.#held.length === 0) return release(line)
    if (this.#text === '' && this.#isPlain(line)) return release(line)
    this.#text += line
    this.#held.push({ end: this.#text.length, release })
    const spans = this.#redactor.find(this.#text)
    const opening = this.#redactor.opening(this.#text)
    this.#release(spans, decidedUpTo(this.#text.length, spans, opening))
    // A secret that began in a line that was given out may go on in one that is held.
    const unfinished = spans.find(({ end }) => end > this.#given)
    const from = Math.min(opening?.start ?? this.#text.length, unfinished?.start ?? this.#given, this.#given)
    this.#text = this.#text.slice(from)
    this.#given -= from
    this.#held = this.#held.map((one) => ({ ...one, end: one.end - from }))
    if (this.#held.length > 0) this.#later ??= setTimeout(() => this.flush(), patience).unref()
  }

  /** Most lines hold no part of a secret. */
  #isPlain(line: string): boolean {
    return this.#redactor.find(line).length === 0 && this.#redactor.opening(line) === undefined
  }

  /** Lets go of what is held: nothing follows, or not soon. What comes all the same is still seen as its continuation. */
  flush(): void {
    clearTimeout(this.#later)
    this.#later = undefined
    if (this.#held.length === 0) return
    const spans = this.#redactor.find(this.#text)
    const opening = this.#redactor.opening(this.#text)
    const isTelling = opening !== undefined && opening.end - opening.start >= tooShort
    this.#release(isTelling ? merged([...spans, opening]) : spans, this.#text.length)
  }

  #release(spans: readonly Span[], decided: number): void {
    let released = 0
    for (const { end, release } of this.#held) {
      if (end > decided) break
      released++
      const text = withoutSpans(this.#text, spans, this.#given, end)
      this.#given = end
      release(text)
    }
    this.#held = this.#held.slice(released)
    if (this.#held.length > 0) return
    clearTimeout(this.#later)
    this.#later = undefined
  }
}

/** Up to where a text is decided: what may be the beginning of a secret is not, unless it is part of one that is found. */
function decidedUpTo(length: number, spans: readonly Span[], opening: Span | undefined): number {
  if (opening === undefined) return length
  const across = spans.find(({ start, end }) => start < opening.start && end > opening.start)
  return across?.end ?? opening.start
}
