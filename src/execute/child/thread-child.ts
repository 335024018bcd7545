import { Worker } from 'node:worker_threads'
import type { Child, ChildEnd, ChildListener, ChildSettings } from './child.ts'
import { Descendants } from './descendants.ts'
import { PrintedLines } from '../printed-lines.ts'
import type { FromChild, ToChild } from './protocol.ts'

const mebibyte = 2 ** 20
/** So much of what a thread prints last on its standard error is kept, in characters. */
const keptText = 16_384

class ThreadChild implements Child {
  listener: ChildListener | undefined
  readonly ended: Promise<ChildEnd>
  readonly peak = (): undefined => undefined
  readonly #worker: Worker
  #killed: ChildEnd['killed']

  constructor({ entry, nodeArguments, env, memory }: ChildSettings) {
    const worker = new Worker(entry, {
      stdout: true,
      stderr: true,
      env,
      execArgv: [...nodeArguments],
      ...(memory === undefined
        ? {}
        : { resourceLimits: { maxOldGenerationSizeMb: Math.max(16, Math.floor(memory / mebibyte)) } }),
    })
    this.#worker = worker
    let stderr = ''
    let error: Error | undefined
    const descendants = new Descendants()
    worker.on('message', (message: FromChild) => {
      if (message.type === 'process') descendants.take(message)
      else this.listener?.message(message)
    })
    worker.on('messageerror', () => undefined)
    worker.once('error', (thrown: Error) => (error = thrown))
    new PrintedLines((line) => this.listener?.printed(line, false)).read(worker.stdout)
    const errors = new PrintedLines((line) => {
      stderr = `${stderr}${line}\n`.slice(-keptText)
      this.listener?.printed(line, true)
    })
    errors.read(worker.stderr)
    this.ended = new Promise((resolve) => {
      worker.once('exit', (code) => {
        descendants.kill()
        resolve({
          code,
          signal: null,
          stderr,
          ...(this.#killed === undefined ? {} : { killed: this.#killed }),
          ...(error === undefined ? {} : { error }),
        })
      })
    })
  }

  send(message: ToChild): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
    this.#worker.postMessage(message)
  }

  hold(isHeld: boolean): void {
    if (isHeld) this.#worker.ref()
    else this.#worker.unref()
  }

  kill(why?: ChildEnd['killed']): void {
    this.#killed ??= why
    void this.#worker.terminate()
  }
}

/** Starts a thread for attempts. */
export function startThread(settings: ChildSettings): Child {
  return new ThreadChild(settings)
}
