import { StringDecoder } from 'node:string_decoder'

/** A line that does not end is cut here, in characters. */
const longestLine = 16 * 1024

/** Gathers what is written to a stream into lines. */
export class PrintedLines {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #rest = ''

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  /** Takes a piece of whatever length; bytes that are no UTF-8 are shown as `\uFFFD`. */
  write(piece: string | Uint8Array): void {
    const lines = (this.#rest + (typeof piece === 'string' ? piece : this.#decoder.write(piece))).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    while (this.#rest.length > longestLine) {
      this.#onLine(this.#rest.slice(0, longestLine))
      this.#rest = this.#rest.slice(longestLine)
    }
  }

  /** The end of what is written: also of a last line without a break. */
  end(): void {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (rest !== '') this.#onLine(rest)
  }
}
