import { StringDecoder } from 'node:string_decoder'

/** A longer line is cut. */
const longestLine = 16 * 1024
/** So much of what an attempt prints is logged as it comes, in characters. */
const mostText = 1024 * 1024
/** Of what it prints beyond that, the last lines. */
const lastLines = 50

/**
 * Turns what a process prints into log lines, in bounded memory: bytes that are not UTF-8 become �, of a line that is
 * drawn over (a progress bar) the last state counts, and of very much output the beginning and the end.
 */
export class OutputLines {
  readonly #onLine: (text: string) => void
  #decoder = new StringDecoder('utf8')
  #rest = ''
  #text = 0
  #dropped = 0
  #last: string[] = []

  constructor(onLine: (text: string) => void) {
    this.#onLine = onLine
  }

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(chunk))).split('\n')
    // Of a line without an end no more is kept than is shown.
    const rest = lines.pop()!
    this.#rest = rest.slice(rest.lastIndexOf('\r', rest.length - 2) + 1).slice(0, longestLine)
    for (const line of lines) this.#line(line)
  }

  /** Ends a line that has no end, and tells what was left out. */
  end(): void {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    this.#decoder = new StringDecoder('utf8')
    if (rest !== '') this.#line(rest)
    if (this.#dropped > 0) {
      const left = this.#dropped - this.#last.length
      if (left > 0) this.#onLine(`… ${left} lines were left out …`)
      for (const line of this.#last) this.#onLine(line)
    }
    this.#text = 0
    this.#dropped = 0
    this.#last = []
  }

  #line(text: string): void {
    const shown = drawn(text)
    const line = shown.length > longestLine ? `${shown.slice(0, longestLine)} …` : shown
    if (this.#text <= mostText) {
      this.#text += line.length + 1
      return this.#onLine(line)
    }
    this.#dropped++
    this.#last.push(line)
    if (this.#last.length > lastLines) this.#last.shift()
  }
}

/** What a terminal shows of a line that returns to its beginning. */
function drawn(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line
  return text.slice(text.lastIndexOf('\r') + 1)
}
