import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** A line that does not end is cut here, in characters. */
const longestLine = 16 * 1024

/** Gathers what is written to a stream into lines. */
export class PrintedLines {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  readonly #longest: number
  #rest = ''

  /** `longest`: the most characters of a line. */
  constructor(onLine: (line: string) => void, longest = longestLine) {
    this.#onLine = onLine
    this.#longest = longest
  }

  /** Takes all that comes from a stream. */
  read(stream: Readable): void {
    stream.on('data', (piece: Uint8Array) => this.write(piece))
    stream.once('close', () => this.end())
    // Who is at its other end may be killed.
    stream.on('error', () => undefined)
  }

  /** Takes a piece of whatever length; bytes that are no UTF-8 are shown as `\uFFFD`. */
  write(piece: string | Uint8Array): void {
    const lines = (this.#rest + (typeof piece === 'string' ? piece : this.#decoder.write(piece))).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) this.#onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
    while (this.#rest.length > this.#longest) {
      this.#onLine(this.#rest.slice(0, this.#longest))
      this.#rest = this.#rest.slice(this.#longest)
    }
  }

  /** The end of what is written: also of a last line without a break. */
  end(): void {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (rest !== '') this.#onLine(rest)
  }
}
