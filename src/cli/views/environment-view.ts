import type { EnvironmentProgress } from '../../python/environment/environment-progress.ts'
import { environmentLine, environmentText } from '../../ui/environment-text.ts'
import { fit } from '../../ui/fit.ts'
import { LiveScreen } from '../../ui/live/live-screen.ts'
import { spinner } from '../../ui/live/row.ts'
import { paletteFor, type Palette } from '../../ui/palette.ts'
import { durationText, printable } from '../../ui/text.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { isDrawable } from './open-view.ts'

const interval = 100

/** Shows how the environments are made that something needs which has no view of its own; nothing where there is JSON. */
export async function showingEnvironments<T>(
  pw: Workspace,
  { json = false }: { readonly json?: boolean },
  use: () => Promise<T>,
): Promise<T> {
  if (json) return use()
  const { stderr } = process
  const view = isDrawable(stderr) ? new EnvironmentLine(stderr, await paletteFor(stderr)) : undefined
  const forget = pw.onEnvironment((progress) =>
    view === undefined ? stderr.write(`${environmentLine(progress)}\n`) : view.tell(progress),
  )
  try {
    return await use()
  } finally {
    forget()
    view?.close()
  }
}

/** One line at the bottom of a terminal, while environments are made. */
class EnvironmentLine {
  readonly #stream: NodeJS.WriteStream
  readonly #palette: Palette
  readonly #screen: LiveScreen
  #progress: EnvironmentProgress | undefined
  #frame = 0
  #timer: NodeJS.Timeout | undefined

  constructor(stream: NodeJS.WriteStream, palette: Palette) {
    this.#stream = stream
    this.#palette = palette
    this.#screen = new LiveScreen({
      get columns() {
        return stream.columns
      },
      write: (text) => void stream.write(text),
    })
  }

  tell(progress: EnvironmentProgress): void {
    const isOver = progress.state === 'made' || progress.state === 'failed'
    if (isOver) {
      this.close()
      this.#stream.write(`${environmentLine(progress)}\n`)
      return
    }
    // Ctrl-C must give the cursor back.
    if (this.#progress === undefined) process.once('exit', this.close)
    this.#progress = progress
    this.#timer ??= setInterval(this.#draw, interval).unref()
    this.#draw()
  }

  readonly close = (): void => {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#progress = undefined
    process.off('exit', this.close)
    this.#screen.close()
  }

  readonly #draw = (): void => {
    if (this.#progress === undefined) return
    const columns = this.#stream.columns - 1
    const mark = spinner[this.#frame++ % spinner.length]!
    const time = durationText(Date.now() - this.#progress.startedAt)
    const text = fit(printable(environmentText(this.#progress)), columns - 4 - time.length)
    this.#screen.draw([`${this.#palette.busy(mark)} ${text}  ${time}`])
  }
}
