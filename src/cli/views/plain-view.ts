import type { RunUpdate } from '../../execute/run-request.ts'
import type { EnvironmentProgress } from '../../python/environment/environment-progress.ts'
import { environmentLine } from '../../ui/environment-text.ts'
import { EventLines } from './event-lines.ts'
import type { RunView } from './view.ts'

/** Prints a line for what happens: for logs of CI, pipes, and terminals that cannot be drawn on. */
export class PlainView implements RunView {
  readonly #write: (text: string) => void
  readonly #lines: EventLines

  constructor(write: (text: string) => void, everyLog: boolean) {
    this.#write = write
    this.#lines = new EventLines(everyLog)
  }

  begin(): void {
    // Nothing needs to be known of the plan.
  }

  update(update: RunUpdate): void {
    for (const line of this.#lines.of(update)) this.#write(`${line}\n`)
  }

  environment(progress: EnvironmentProgress): void {
    this.#write(`${environmentLine(progress)}\n`)
  }

  tell(text: string): void {
    this.#write(`${text}\n`)
  }

  notice(text: string): void {
    this.#write(`${text}\n`)
  }

  end(): void {
    // All is written already.
  }
}

/** Shows nothing but what is said beside the run. */
export class SilentView extends PlainView {
  override update(): void {
    // Nothing was asked for.
  }

  override environment(): void {
    // Nor this.
  }
}
