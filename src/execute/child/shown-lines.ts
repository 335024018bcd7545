/**
 * What a child prints, line by line. Lines wait for a turn of the event loop: that the child has read a secret is told by
 * another way, and before it can print it.
 */
export class ShownLines {
  readonly #shown: (text: string) => string
  readonly #write: (level: 'info' | 'warn', line: string) => void
  #waiting: { readonly line: string; readonly isError: boolean }[] = []
  #turn: NodeJS.Immediate | undefined

  /** `shown` takes secrets out of a text. */
  constructor(shown: (text: string) => string, write: (level: 'info' | 'warn', line: string) => void) {
    this.#shown = shown
    this.#write = write
  }

  take(line: string, isError: boolean): void {
    this.#waiting.push({ line, isError })
    this.#turn ??= setImmediate(() => this.flush())
  }

  /** Writes what waits. */
  flush(): void {
    clearImmediate(this.#turn)
    this.#turn = undefined
    const waiting = this.#waiting
    this.#waiting = []
    for (let from = 0; from < waiting.length;) {
      const { isError } = waiting[from]!
      let to = from
      while (waiting[to]?.isError === isError) to++
      // Together, since a secret may go over several lines.
      const text = waiting.slice(from, to).map(({ line }) => line)
      for (const line of this.#shown(text.join('\n')).split('\n'))
        this.#write(isError ? 'warn' : 'info', line)
      from = to
    }
  }
}
