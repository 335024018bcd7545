/** The edit distance of two short texts (Levenshtein, two rows). */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution))
    }
    previous = current
  }
  return previous[b.length]!
}

/** The name that a mistyped one most likely meant, or undefined when none is close. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of names) {
    const d = distance(name.toLowerCase(), candidate.toLowerCase())
    if (d < bestDistance) [best, bestDistance] = [candidate, d]
  }
  return best
}

/** A sentence for an unknown name: the nearest one, and all that there are. */
export function didYouMean(name: string, names: readonly string[]): string {
  const close = nearest(name, names)
  const known =
    names.length === 0
      ? 'there are none'
      : `known: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`
  return close === undefined ? known : `did you mean '${close}'? (${known})`
}
