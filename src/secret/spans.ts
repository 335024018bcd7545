/** Where a secret stands in a text, from `start` up to `end`. */
export interface Span {
  readonly start: number
  readonly end: number
  /** The name of the secret. */
  readonly name: string
}

/** What stands in the place of a secret. */
export function standIn(name: string): string {
  return `[secret ${name}]`
}

/** A part of a text, with a word where a secret begins, and nothing where it goes on. */
export function withoutSpans(text: string, spans: readonly Span[], from: number, to: number): string {
  let shown = ''
  let at = from
  for (const { start, end, name } of spans) {
    if (end <= from) continue
    if (start >= to) break
    if (start >= from) shown += text.slice(at, start) + standIn(name)
    at = Math.min(end, to)
  }
  return shown + text.slice(at, to)
}

/** Spans in the order of their beginnings, those that overlap as one. */
export function merged(spans: readonly Span[]): Span[] {
  const apart: Span[] = []
  for (const span of spans.toSorted((a, b) => a.start - b.start)) {
    const before = apart.at(-1)
    if (before === undefined || span.start >= before.end) apart.push(span)
    else if (span.end > before.end) apart[apart.length - 1] = { ...before, end: span.end }
  }
  return apart
}
