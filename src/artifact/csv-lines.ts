const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Leaves line ends of the first lines: whatever is in them is not parsed, and the lines behind keep their numbers. */
export async function* emptyLines(
  source: AsyncIterable<Uint8Array>,
  count: number,
): AsyncGenerator<Uint8Array> {
  let left = count
  /** The byte before is a CR; an LF behind it belongs to the same line end. */
  let isHalf = false
  for await (const bytes of source) {
    const before = left
    let at = 0
    for (; at < bytes.length; at++) {
      const byte = bytes[at]
      const isRest = isHalf && byte === lineFeed
      isHalf = false
      if (left === 0 && !isRest) break
      isHalf = byte === carriageReturn
      if (isHalf || (byte === lineFeed && !isRest)) left--
    }
    if (left < before) yield Buffer.alloc(before - left, lineFeed)
    if (at < bytes.length) yield bytes.subarray(at)
  }
}

/** Tells where records start. The parser tells where they end, and takes a CR LF within quotes for two lines. */
export class Lines {
  #previous = 0
  #excess = 0

  startOf(record: readonly string[], end: number): number {
    let start = end - this.#excess
    if (end - this.#previous > 1) {
      for (const cell of record) {
        for (const [lineEnd] of cell.matchAll(/\r\n|\n|\r/g)) {
          start -= lineEnd.length
          this.#excess += lineEnd.length - 1
        }
      }
    }
    this.#previous = end
    return start
  }
}
