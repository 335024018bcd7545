import { spawn, type ChildProcess } from 'node:child_process'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PipewrightError } from '../../internal/error.ts'
import { paletteFor } from '../../ui/palette.ts'
import { printable } from '../../ui/text.ts'
import { watchedPaths } from '../watched-paths.ts'
import type { RunArguments } from './run-arguments.ts'

/** Editors write several times: so long, in milliseconds, must nothing have changed. */
const settle = 150

/** The command line without what asks for watching. */
function runArguments(argv: readonly string[]): string[] {
  // `-w` may stand among other short options; none of them takes a value behind it.
  return argv.filter((argument) => argument !== '--watch' && argument !== '-w')
}

/** Runs the pipeline once, in a process of its own: a module that was loaded is not loaded again. */
function runOnce(): { readonly child: ChildProcess; readonly ended: Promise<number> } {
  const child = spawn(process.execPath, [...process.execArgv, ...runArguments(process.argv.slice(1))], {
    stdio: 'inherit',
  })
  const ended = new Promise<number>((done, fail) => {
    child.once('error', fail)
    child.once('close', (code) => done(code ?? 130))
  })
  return { child, ended }
}

/** Files that were changed, and a promise of the next change. */
class Changes {
  readonly #paths = new Set<string>()
  #wake: (() => void) | undefined

  readonly add = (path: string): void => {
    this.#paths.add(path)
    this.#wake?.()
  }

  /** Waits until something has changed and nothing changes any more. */
  async taken(signal: AbortSignal): Promise<readonly string[]> {
    while (this.#paths.size === 0 && !signal.aborted) {
      await new Promise<void>((wake) => {
        this.#wake = wake
        signal.addEventListener('abort', () => wake(), { once: true })
      })
    }
    for (let before = -1; before !== this.#paths.size && !signal.aborted;) {
      before = this.#paths.size
      await sleep(settle)
    }
    const paths = [...this.#paths]
    this.#paths.clear()
    return paths
  }
}

/** `pipewright run --watch`. */
export async function watchCommand(address: string | undefined, options: RunArguments): Promise<void> {
  if (options.inputs === '-' || options.key !== undefined) {
    throw new PipewrightError(
      'USAGE_INVALID',
      `--watch is not possible with ${options.key === undefined ? '--inputs -' : '--key'}`,
      { fix: options.key === undefined ? 'give the inputs in a file' : 'a key names one run: leave it out' },
    )
  }
  const { faint } = await paletteFor(process.stderr)
  const say = (text: string): void => void (options.json === true || process.stderr.write(`${faint(text)}\n`))
  const { watch } = await import('chokidar')
  const changes = new Changes()
  const watcher = watch([], {
    ignoreInitial: true,
    ignored: (path) => /[/\\](?:node_modules|\.git|\.pipewright)(?:[/\\]|$)/.test(path),
  })
  for (const event of ['add', 'change', 'unlink'] as const)
    watcher.on(event, (path) => changes.add(resolve(path)))
  const stop = new AbortController()
  let child: ChildProcess | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    stop.abort()
    // On a terminal the run has got Ctrl-C itself.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child?.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  let code = 0
  while (!stop.signal.aborted) {
    // Before the run: what is changed while it reads must be seen.
    watcher.add([...(await watchedPaths(address, options))])
    const run = runOnce()
    child = run.child
    code = await run.ended
    child = undefined
    if (stop.signal.aborted) break
    say(`next: change a source or an input to run again, Ctrl-C to end`)
    const changed = await changes.taken(stop.signal)
    if (changed.length === 0) break
    const more = changed.length > 1 ? ` and ${changed.length - 1} more` : ''
    say(`\nchanged: ${printable(changed[0]!)}${more}`)
  }
  await watcher.close()
  process.exitCode = code
}
