import type { RunUpdate } from '../../execute/run-request.ts'
import { jsonText } from '../../ui/json-text.ts'
import type { Begun, RunView } from './view.ts'

/** Prints each event as a line of JSON: `{ run, at, event }`. */
export class JsonView implements RunView {
  readonly #write: (text: string) => void
  #run: string | undefined
  readonly #early: RunUpdate[] = []

  constructor(write: (text: string) => void) {
    this.#write = write
  }

  begin({ id }: Begun): void {
    this.#run = id
    for (const update of this.#early.splice(0)) this.update(update)
  }

  update(update: RunUpdate): void {
    if (this.#run === undefined) this.#early.push(update)
    else this.#write(`${jsonText({ run: this.#run, ...update }, numberText)}\n`)
  }

  environment(): void {
    // For people, as notices are.
  }

  tell(): void {
    // Events say it.
  }

  notice(): void {
    // For people.
  }

  end(): void {
    // Each line is complete.
  }
}

/** JSON has neither NaN nor infinities; metrics do. */
function numberText(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}
