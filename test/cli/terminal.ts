import { spawn, type IPty } from '@lydell/node-pty'
import xterm from '@xterm/headless'
import { onTestFinished } from 'vitest'
import { command, commandEnvironment } from './command.ts'

/** How a terminal is opened. */
export interface TerminalOptions {
  readonly columns: number
  readonly rows: number
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** What runs there, with its first arguments. Default: `pipewright`. */
  readonly program?: readonly string[]
}

/** What ends a picture of the live view. */
const endOfFrame = '\u001b[?2026l'

/** The parts of what was read at once: whoever reads late must not miss a picture. */
function framesOf(data: string): string[] {
  return data.split(endOfFrame).map((part, at, { length }) => (at < length - 1 ? part + endOfFrame : part))
}

/** `pipewright`, or a shell, in a real pseudo-terminal, and what its screen shows. */
export class ShownTerminal {
  readonly #pty: IPty
  readonly #screen: InstanceType<typeof xterm.Terminal>
  /** Pictures that were shown and that nobody has looked at. */
  #unseen: string[] = []
  /** Every byte that was written. */
  bytes = ''
  /** Its exit code. */
  readonly ended: Promise<number>

  constructor(
    args: readonly string[],
    { columns, rows, cwd, env = {}, program = [process.execPath, ...command] }: TerminalOptions,
  ) {
    const [file = '', ...first] = program
    const { CI: _ci, NO_COLOR: _no, FORCE_COLOR: _force, ...inherited } = process.env
    this.#screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 10_000 })
    this.#pty = spawn(file, [...first, ...args], {
      cols: columns,
      rows,
      cwd,
      name: env['TERM'] ?? 'xterm-256color',
      env: { ...(inherited as Record<string, string>), ...commandEnvironment, ...env },
    })
    this.#pty.onData((data) => {
      this.bytes += data
      for (const part of framesOf(data))
        this.#screen.write(part, () => {
          if (part.endsWith(endOfFrame)) this.#unseen.push(this.#shown().join('\n').trimEnd())
        })
    })
    this.ended = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)))
    onTestFinished(() => {
      try {
        this.#pty.kill('SIGKILL')
      } catch {
        // It has ended.
      }
    })
  }

  /** The lines on the screen, from the top; `all` with what has scrolled away. */
  async lines(all = false): Promise<string[]> {
    await new Promise<void>((done) => this.#screen.write('', done))
    return this.#shown(all)
  }

  #shown(all = false): string[] {
    const { active } = this.#screen.buffer
    const from = all ? 0 : active.baseY
    return Array.from({ length: active.length - from }, (_, index) =>
      (active.getLine(from + index)?.translateToString(true) ?? '').trimEnd(),
    )
  }

  async text(all = false): Promise<string> {
    return (await this.lines(all)).join('\n').trimEnd()
  }

  /** Waits until the screen shows something, or has shown it since it was last looked at; what it showed last is in the error. */
  async until(isThere: (text: string) => boolean, what: string): Promise<string> {
    const over = this.ended.then(() => 'over' as const)
    for (;;) {
      const text = await this.text()
      const at = this.#unseen.findIndex(isThere)
      const found = this.#unseen[at]
      this.#unseen = at < 0 ? [] : this.#unseen.slice(at)
      if (found !== undefined) return found
      if (isThere(text)) return text
      const next = await Promise.race([
        over,
        new Promise<'more'>((more) => setTimeout(() => more('more'), 25)),
      ])
      if (next === 'more') continue
      const final = await this.text(true)
      if (isThere(final)) return final
      throw new Error(`the terminal never showed ${what}:\n${final}`)
    }
  }

  resize(columns: number, rows: number): void {
    this.#unseen = []
    this.#screen.resize(columns, rows)
    this.#pty.resize(columns, rows)
  }

  type(text: string): void {
    this.#pty.write(text)
  }
}
