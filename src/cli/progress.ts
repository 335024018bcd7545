import type { RunUpdate } from '../execute/run-request.ts'
import { durationText, printable } from '../ui/text.ts'
import { mismatchText } from '../ui/verification-text.ts'

/** Where progress goes: a terminal, or anything else that takes text. */
export interface Screen {
  readonly isTTY: boolean
  readonly columns: number
  write(text: string): void
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const clear = '\r\u001b[2K'

/** Shows how a run goes on: one live line on a terminal, a plain line for each node elsewhere. */
export class Progress {
  readonly #screen: Screen
  readonly #startedAt = Date.now()
  readonly #running = new Map<string, { startedAt: number; share: number | undefined }>()
  #done = 0
  #reused = 0
  #failed = 0
  #frame = 0
  #timer: NodeJS.Timeout | undefined

  constructor(screen: Screen) {
    this.#screen = screen
    if (!screen.isTTY) return
    this.#timer = setInterval(() => this.#draw(), 100)
    this.#timer.unref()
  }

  /** Takes what happened. */
  readonly update = ({ at, event }: RunUpdate): void => {
    switch (event.type) {
      case 'attempt.started':
        this.#running.set(event.node, { startedAt: at, share: undefined })
        if (event.attempt > 1) this.#line(`retry      ${event.node} (attempt ${event.attempt})`)
        break
      case 'attempt.progress': {
        const running = this.#running.get(event.node)
        if (running !== undefined) running.share = event.total === 0 ? undefined : event.done / event.total
        break
      }
      case 'attempt.log':
        if (event.level === 'warn' || event.level === 'error')
          this.#line(`${event.level.padEnd(10)} ${event.node}: ${event.message}`)
        break
      case 'attempt.failed':
        this.#running.delete(event.node)
        if (event.retryIn !== undefined)
          this.#line(
            `${event.end.padEnd(10)} ${event.node}: ${event.error.message.split('\n')[0]} (next try in ${durationText(event.retryIn)})`,
          )
        break
      case 'node.succeeded':
        this.#succeeded(event.node, event.step, event.reused !== undefined, at)
        break
      case 'node.verified':
        for (const one of event.differences)
          this.#line(`differs    ${mismatchText({ node: event.node, step: event.step, ...one })}`)
        break
      case 'node.failed':
        this.#failed++
        this.#line(`failed     ${event.node}: ${event.error.message.split('\n')[0]}`)
        break
      case 'node.blocked':
      case 'node.skipped':
      case 'node.cancelled':
        this.#line(`${event.type.slice(5).padEnd(10)} ${event.node}`)
        break
      default:
    }
  }

  /** Takes the live line away. */
  end(): void {
    clearInterval(this.#timer)
    if (this.#screen.isTTY) this.#screen.write(clear)
  }

  #succeeded(node: string, step: string | null, reused: boolean, at: number): void {
    const running = this.#running.get(node)
    this.#running.delete(node)
    if (step === null) return
    this.#done++
    if (reused) this.#reused++
    if (this.#screen.isTTY) return
    this.#line(
      reused
        ? `reused     ${node}`
        : `done       ${node}${running === undefined ? '' : `  ${durationText(at - running.startedAt)}`}`,
    )
  }

  #line(text: string): void {
    this.#screen.write(`${this.#screen.isTTY ? clear : ''}${printable(text)}\n`)
  }

  #draw(): void {
    const parts = [durationText(Date.now() - this.#startedAt), `${this.#done} done`]
    if (this.#reused > 0) parts.push(`${this.#reused} reused`)
    if (this.#failed > 0) parts.push(`${this.#failed} failed`)
    const running = [...this.#running].map(([node, { share }]) =>
      share === undefined ? node : `${node} ${Math.round(share * 100)} %`,
    )
    if (running.length > 0)
      parts.push(
        `running: ${running.slice(0, 3).join(', ')}${running.length > 3 ? ` and ${running.length - 3} more` : ''}`,
      )
    const text = `${spinner[this.#frame++ % spinner.length]} ${printable(parts.join(' · '))}`
    this.#screen.write(clear + text.slice(0, Math.max(1, this.#screen.columns - 1)))
  }
}
