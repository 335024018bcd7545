import { createHmac, randomBytes } from 'node:crypto'
import { bareTexts, type BareText } from './bare-text.ts'
import { merged, withoutSpans, type Span } from './spans.ts'
import { writtenForms } from './written-forms.ts'

/** What a secret is recognised by in what its process prints, without the secret: keyed digests of its forms. */
export interface SecretMarks {
  readonly name: string
  /** Drawn for these alone. */
  readonly key: string
  readonly forms: readonly { readonly length: number; readonly sum: number; readonly mac: string }[]
}

const base = 0x01000193

/** A sum that is quickly moved on by one character. */
function sumOf(text: string): number {
  let sum = 0
  for (let at = 0; at < text.length; at++) sum = (Math.imul(sum, base) + text.charCodeAt(at)) | 0
  return sum
}

function macOf(text: string, key: string): string {
  return createHmac('sha256', key).update(text).digest('base64')
}

/** The marks of a secret, for another process. */
export function marksOf(name: string, value: string): SecretMarks {
  const key = randomBytes(32).toString('base64')
  const forms = [...writtenForms(value)].map((form) => ({
    length: form.length,
    // A few bits, by which most places are passed by.
    sum: sumOf(form) & 0xfff,
    mac: macOf(form, key),
  }))
  return { name, key, forms }
}

function findIn({ text, placeOf }: BareText, { name, key, forms }: SecretMarks): Span[] {
  const found: Span[] = []
  for (const { length, sum, mac } of forms) {
    if (length > text.length) continue
    let power = 1
    for (let i = 1; i < length; i++) power = Math.imul(power, base)
    let current = sumOf(text.slice(0, length))
    for (let start = 0; ; start++) {
      const end = start + length
      if ((current & 0xfff) === sum && macOf(text.slice(start, end), key) === mac)
        found.push({ start: placeOf(start), end: placeOf(end - 1) + 1, name })
      if (end >= text.length) break
      const without = (current - Math.imul(text.charCodeAt(start), power)) | 0
      current = (Math.imul(without, base) + text.charCodeAt(end)) | 0
    }
  }
  return found
}

/** Takes secrets out of a text that are not known here: what a process prints by itself comes past all of its own checks. */
export class BlindRedactor {
  readonly #marks: SecretMarks[] = []

  /** Recognises a secret from here on. */
  add(marks: SecretMarks): void {
    this.#marks.push(marks)
  }

  /** A short text without secrets. */
  text(text: string): string {
    const spans = bareTexts(text).flatMap((reading) => this.#marks.flatMap((marks) => findIn(reading, marks)))
    return withoutSpans(text, merged(spans), 0, text.length)
  }
}
