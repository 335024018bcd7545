import type { VirtualTime } from './virtual-time.ts'

/** What has happened in a simulated cluster, line by line. */
export class Trace {
  readonly lines: string[] = []
  readonly #time: VirtualTime

  constructor(time: VirtualTime) {
    this.#time = time
  }

  add(text: string): void {
    this.lines.push(`${this.#time.now} ${text}`)
  }
}
