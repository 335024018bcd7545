import type { RunUpdate } from '../../execute/run-request.ts'
import type { EnvironmentProgress } from '../../python/environment/environment-progress.ts'
import { environmentLine, environmentText } from '../../ui/environment-text.ts'
import { emptyFrame, frameOf, type FrameRequest } from '../../ui/live/frame.ts'
import { LiveScreen } from '../../ui/live/live-screen.ts'
import { RunProgress } from '../../ui/live/run-progress.ts'
import type { Palette } from '../../ui/palette.ts'
import { lastingLines } from './event-lines.ts'
import type { Begun, RunView } from './view.ts'

const interval = 100
const usualColumns = 80
const usualRows = 24
/** Drawing takes at most this share of the time: large plans are drawn more seldom. */
const share = 0.05

/** What a live view needs of a stream. */
export interface LiveStream extends Pick<NodeJS.WriteStream, 'write' | 'on' | 'off'> {
  /** Undefined where `--progress live` draws on what is no terminal. */
  readonly columns?: number
  readonly rows?: number
}

/** Draws the run as a tree that is kept up to date. */
export class LiveView implements RunView {
  readonly #stream: LiveStream
  readonly #screen: LiveScreen
  readonly #title: string
  readonly #palette: Palette
  readonly #everyLog: boolean
  readonly #startedAt = Date.now()
  readonly #early: RunUpdate[] = []
  #begun: Begun | undefined
  #progress: RunProgress | undefined
  #note: string | undefined
  /** What is said of an environment that is being made. */
  #environment: string | undefined
  #frame = 0
  #timer: NodeJS.Timeout | undefined

  constructor(stream: LiveStream, title: string, palette: Palette, everyLog: boolean) {
    this.#stream = stream
    this.#title = title
    this.#palette = palette
    this.#everyLog = everyLog
    this.#screen = new LiveScreen({
      get columns() {
        return stream.columns ?? usualColumns
      },
      write: (text) => void stream.write(text),
    })
    stream.on('resize', this.#draw)
    process.once('exit', this.#close)
    this.#draw()
  }

  begin(begun: Begun): void {
    this.#begun = begun
    this.#progress = new RunProgress(begun.plan)
    if (begun.detail !== undefined) this.#progress.recorded(begun.detail.executions)
    for (const update of this.#early.splice(0)) this.#progress.update(update)
    this.#draw()
  }

  update(update: RunUpdate): void {
    if (this.#progress === undefined) this.#early.push(update)
    else this.#progress.update(update)
    for (const line of lastingLines(update, this.#everyLog)) this.#screen.print(line, this.#lines())
  }

  environment(progress: EnvironmentProgress): void {
    const isOver = progress.state === 'made' || progress.state === 'failed'
    this.#environment = isOver ? undefined : environmentText(progress)
    if (isOver) this.#screen.print(environmentLine(progress), this.#lines())
    else this.#draw()
  }

  tell(text: string): void {
    this.#screen.print(text, this.#lines())
  }

  notice(text: string): void {
    this.#note = text
    this.#draw()
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#stream.off('resize', this.#draw)
    process.off('exit', this.#close)
    this.#close()
  }

  readonly #close = (): void => this.#screen.close()

  #lines(): string[] {
    const { columns = usualColumns, rows = usualRows } = this.#stream
    const request: FrameRequest = {
      title: this.#title,
      // The last cell stays free: what fills a line makes some terminals begin the next one.
      columns: columns - 1,
      lines: rows - 1,
      now: Date.now(),
      startedAt: this.#startedAt,
      frame: this.#frame,
      note: this.#note ?? this.#environment,
      palette: this.#palette,
    }
    return this.#progress === undefined || this.#begun === undefined
      ? emptyFrame(request)
      : frameOf(this.#progress, this.#begun.plan, request)
  }

  readonly #draw = (): void => {
    const before = performance.now()
    this.#frame++
    this.#screen.draw(this.#lines())
    clearTimeout(this.#timer)
    const pause = Math.max(interval, (performance.now() - before) / share)
    // A run that ends must not wait for the next frame.
    this.#timer = setTimeout(this.#draw, pause).unref()
  }
}
