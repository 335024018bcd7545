import { stripVTControlCharacters } from 'node:util'
import { widthOf } from '../fit.ts'

/** A terminal that can be drawn on. */
export interface Terminal {
  readonly columns: number
  write(text: string): void
}

// Terminals that know it show what is between the two at once; others ignore it.
const begin = '\u001b[?2026h'
const end = '\u001b[?2026l'
const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'
const eraseBelow = '\r\u001b[J'

/**
 * A block of lines at the bottom of a terminal that is drawn again and again in its place. Lines that are printed
 * scroll away above it.
 */
export class LiveScreen {
  readonly #terminal: Terminal
  /** The cells of each line as it stands there. */
  #widths: readonly number[] = []
  #isOpen = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Draws lines, each narrower than the terminal, in the place of those before. */
  draw(lines: readonly string[]): void {
    this.#put('', lines)
  }

  /** Prints a text that stays, above the block; the lines are then drawn anew. */
  print(text: string, lines: readonly string[]): void {
    this.#put(`${text}\n`, lines)
  }

  /** Takes the block away and gives the cursor back. */
  close(): void {
    if (!this.#isOpen) return
    this.#terminal.write(`${this.#erasure()}${showCursor}`)
    this.#widths = []
    this.#isOpen = false
  }

  #put(text: string, lines: readonly string[]): void {
    const head = this.#isOpen ? '' : hideCursor
    this.#isOpen = true
    this.#terminal.write(`${begin}${head}${this.#erasure()}${text}${lines.join('\n')}${end}`)
    this.#widths = lines.map((line) => widthOf(stripVTControlCharacters(line)))
  }

  /** Goes to the first line of the block; a terminal that has become narrower has broken the lines into more rows. */
  #erasure(): string {
    const columns = Math.max(1, this.#terminal.columns)
    const rows = this.#widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0)
    return rows > 1 ? `\u001b[${rows - 1}A${eraseBelow}` : eraseBelow
  }
}
