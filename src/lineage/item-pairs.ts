/**
 * Which item of a list stands for which one of another list, by content: an item that was inserted or moved shifts no
 * other. Equal items pair in their order. Of those that only one list has, the ones at the same place of lists of equal
 * length are taken for the same item, changed; the others have no partner. Gives the place in `b` for each place in `a`.
 */
export function pairItems(a: readonly string[], b: readonly string[]): readonly (number | undefined)[] {
  const places = new Map<string, number[]>()
  for (const [place, item] of b.entries()) {
    const known = places.get(item)
    if (known === undefined) places.set(item, [place])
    else known.push(place)
  }
  // From the end, so that the first of equal ones is taken off first.
  for (const list of places.values()) list.reverse()
  const pairs = a.map((item) => places.get(item)?.pop())
  if (a.length !== b.length) return pairs
  const taken = new Set(pairs)
  return pairs.map((pair, place) => pair ?? (taken.has(place) ? undefined : place))
}
