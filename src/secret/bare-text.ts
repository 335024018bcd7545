/** A text without what escaping and folding put into it, and where its characters stood. */
export interface BareText {
  readonly text: string
  readonly placeOf: (index: number) => number
}

/** Backslashes and line breaks: however often a text was escaped, without them it is the same. */
const marks = /[\r\n\\]/g

/** Line breaks that are escaped as well, with what `console` writes between the lines of a long text. */
const folds = /\\+[rn](?:['"`] \+\n *['"`])?|[\r\n\\]/g

/** The same text for readers who look past backslashes and line breaks, and who look past escaped line breaks too. */
export function bareForms(raw: string): readonly string[] {
  return [raw.replaceAll(marks, ''), raw.replaceAll(folds, '')]
}

/** The same, for those who are to find their way back; one of them where both are the same. */
export function bareTexts(raw: string): readonly BareText[] {
  if (!/[\r\n\\]/.test(raw)) return [{ text: raw, placeOf: (index) => index }]
  const texts = [without(raw, marks)]
  // A backslash may stand before an `n` that is the beginning of a secret: both readings count.
  return /\\[rn]/.test(raw) ? [...texts, without(raw, folds)] : texts
}

function without(raw: string, added: RegExp): BareText {
  const places: number[] = []
  let at = 0
  const keep = (end: number): void => {
    for (; at < end; at++) places.push(at)
  }
  for (const { index, 0: part } of raw.matchAll(added)) {
    keep(index)
    at = index + part.length
  }
  keep(raw.length)
  return { text: raw.replaceAll(added, ''), placeOf: (index) => places[index]! }
}
