import { spawn, type ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { Duplex, Readable } from 'node:stream'
import { PipewrightError } from '../internal/error.ts'
import { watchTree } from '../execute/child/process-tree.ts'
import { MessageStream } from './message-stream.ts'
import { OutputLines } from './output-lines.ts'
import {
  workerProtocol,
  workerVariables,
  type HostMessage,
  type WorkerMessage,
  type WorkerRun,
  type WorkerUsage,
} from './protocol.ts'
import { revivedWorkerError } from './worker-error.ts'

/** How a worker is started. */
export interface WorkerCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** The path of its request file. */
  readonly request: string
}

/** What an attempt hears of its worker. */
export interface WorkerListener {
  readonly onOutput: (stream: 'stdout' | 'stderr', line: string) => void
  readonly onMessage: (message: WorkerMessage) => void
}

/** How a worker's process ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

type Answer = Extract<WorkerMessage, { type: 'result' | 'error' }>

/** How a call ended: by an answer, or by the end of the process. */
export type CallEnd =
  | Answer
  | ({
      readonly type: 'ended'
      /** It was killed since it took more memory than its call may. */
      readonly isOutOfMemory?: true
    } & WorkerEnd &
      WorkerUsage)

type Hello = Extract<WorkerMessage, { type: 'hello' }>

/** A process says hello before it loads anything: in this time, in milliseconds. */
const helloTime = 30_000
/** So long may a process that nobody needs any more take to end. */
const endTime = 1_000
/** What the last lines on standard error say of a crash. */
const keptErrors = 20

/** Workers that live: they are not to outlive this process, whatever they are busy with. */
const living = new Set<WorkerProcess>()
process.on('exit', () => {
  for (const worker of living) worker.kill()
})

/**
 * The process of a worker. It leads a process group of its own, which ends with it. It keeps this process alive only
 * while it is in use.
 */
export class WorkerProcess {
  readonly #child: ChildProcess
  readonly #channel: Duplex
  readonly #streams: readonly [Readable, Readable]
  readonly #lines: readonly [OutputLines, OutputLines]
  readonly #waiting = new Set<() => void>()
  readonly #errors: string[] = []
  #listener: WorkerListener | undefined
  #hello: Hello | undefined
  #ready: WorkerMessage | undefined
  #answer: Answer | undefined
  #end: WorkerEnd | undefined
  #problem: Error | undefined
  #closing: NodeJS.Timeout | undefined
  /** Counts what was read of the outputs. */
  #heard = 0

  constructor({ command, args, cwd, env, request }: WorkerCommand, listener: WorkerListener) {
    this.#listener = listener
    const variables = { [workerVariables.protocol]: workerProtocol, [workerVariables.request]: request }
    this.#child = spawn(command, args, {
      cwd,
      env: { ...variables, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    })
    living.add(this)
    this.#streams = [this.#child.stdout!, this.#child.stderr!]
    this.#lines = [this.#linesOf('stdout'), this.#linesOf('stderr')]
    for (const [index, stream] of this.#streams.entries()) {
      stream.on('data', (chunk: Uint8Array) => {
        this.#heard++
        this.#lines[index]!.push(chunk)
      })
      stream.on('error', () => undefined)
    }
    const messages = new MessageStream((message) => this.#take(message))
    this.#channel = this.#child.stdio[3] as Duplex
    this.#channel.on('data', (chunk: Uint8Array) => {
      this.#heard++
      try {
        messages.push(chunk)
      } catch (error) {
        this.#fail(error as Error)
      }
    })
    // A worker that is gone is heard of by its end; one that is there and cannot be heard any more is of no use.
    this.#channel.on('error', () => undefined)
    this.#channel.on('end', () => {
      this.#closing = setTimeout(() => this.#fail(deaf()), endTime).unref()
    })
    this.#child.on('error', (error) => {
      this.#problem = error
      this.#ended({ code: null, signal: null })
    })
    this.#child.on('exit', (code, signal) => this.#ended({ code, signal }))
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get end(): WorkerEnd | undefined {
    return this.#end
  }

  /** The last lines that it wrote to its standard error. */
  get lastErrors(): string {
    return this.#errors.join('\n')
  }

  /** What it says of itself; throws `WORKER_FAILED` where it speaks another protocol, or nothing. */
  async hello(signal: AbortSignal): Promise<Hello> {
    const timer = setTimeout(() => this.#fail(silent()), helloTime)
    try {
      await this.#until(() => this.#hello !== undefined || this.#isOver(), signal)
    } finally {
      clearTimeout(timer)
    }
    await this.#outputRead()
    if (this.#hello === undefined) throw await this.failure('before it said hello')
    const { protocol, language, version } = this.#hello
    if (protocol === workerProtocol) return this.#hello
    this.kill()
    throw new PipewrightError(
      'WORKER_FAILED',
      `the worker (${language} ${version}) speaks ${protocol}, this version of Pipewright ${workerProtocol}`,
      { fix: 'use the worker file that comes with this version of the package' },
    )
  }

  /** Waits until its code is loaded; throws the reason where it cannot be. */
  async ready(signal: AbortSignal): Promise<Extract<WorkerMessage, { type: 'ready' }>> {
    await this.#until(() => this.#ready !== undefined || this.#isOver(), signal)
    await this.#outputRead()
    if (this.#ready?.type === 'ready') return this.#ready
    if (this.#ready?.type === 'refused') throw revivedWorkerError(this.#ready.error)
    throw await this.failure('while its code was loaded')
  }

  /** Takes the worker into use: it keeps this process alive, and what it says is the listener's. */
  take(listener: WorkerListener): void {
    this.#listener = listener
    this.#hold('ref')
  }

  /** Gives it back: whatever it prints from now on is nobody's. */
  release(): void {
    this.#listener = undefined
    this.#hold('unref')
  }

  /**
   * Calls a function. Aborted it is asked to end, by a message and by SIGTERM; after the grace (milliseconds) its whole
   * process group is killed, and at once where it takes more memory than it may (bytes). All that it has printed has been
   * heard when this resolves.
   */
  async call(run: WorkerRun, signal: AbortSignal, grace: number, memory?: number): Promise<CallEnd> {
    this.#answer = undefined
    this.#errors.length = 0
    let stopGrace: NodeJS.Timeout | undefined
    const onAbort = (): void => {
      this.send({ type: 'cancel', id: run.id })
      this.#signal('SIGTERM')
      stopGrace = setTimeout(() => this.kill(), grace)
    }
    let killed: { readonly isOutOfMemory?: true } = {}
    // What it starts (the kernel of a notebook) is seen from here alone; elsewhere than on Linux looking is dear.
    const isWatched = memory !== undefined || process.platform === 'linux'
    const watch =
      this.pid === undefined || !isWatched
        ? undefined
        : watchTree(this.pid, memory, () => {
            killed = { isOutOfMemory: true }
            this.kill()
          })
    this.send(run)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    try {
      await this.#until(() => this.#answer?.id === run.id || this.#isOver())
      await this.#outputRead()
      for (const lines of this.#lines) lines.end()
    } finally {
      signal.removeEventListener('abort', onAbort)
      clearTimeout(stopGrace)
      watch?.stop()
    }
    const answer = this.#answer as Answer | undefined
    if (answer === undefined && this.#problem !== undefined) throw this.#problem
    const { cpu, memory: peak } = watch?.usage() ?? {}
    if (answer !== undefined) {
      const { usage } = answer
      if (usage === undefined || peak === undefined) return answer
      return { ...answer, usage: { ...usage, memory: Math.max(usage.memory ?? 0, peak) } }
    }
    return {
      type: 'ended',
      ...(this.#end ?? { code: null, signal: null }),
      ...killed,
      ...(cpu === undefined || peak === undefined ? {} : { usage: { cpu, memory: peak } }),
    }
  }

  send(message: HostMessage): void {
    if (this.#end === undefined && !this.#channel.writableEnded)
      this.#channel.write(`${JSON.stringify(message)}\n`)
  }

  /** Why there was no answer. */
  async failure(when: string): Promise<Error> {
    await this.#until(() => this.#isOver())
    if (PipewrightError.isInstance(this.#problem)) return this.#problem
    const { code, signal } = this.#end ?? { code: null, signal: null }
    const how =
      this.#problem === undefined
        ? signal === null
          ? `ended with code ${code}`
          : `was ended by ${signal}`
        : `cannot be started (${this.#problem.message})`
    const said = this.lastErrors === '' ? '' : `:\n${this.lastErrors}`
    return new PipewrightError('WORKER_FAILED', `the worker's process ${how} ${when}${said}`, {
      ...(this.#problem === undefined ? {} : { cause: this.#problem }),
      fix: 'look at what its process has printed, and at how it is started',
    })
  }

  /** Whether processes that a call has started are still there; false where the system does not tell. */
  hasChildren(): boolean {
    try {
      const tasks = `/proc/${this.pid}/task`
      return readdirSync(tasks).some(
        (task) => readFileSync(`${tasks}/${task}/children`, 'utf8').trim() !== '',
      )
    } catch {
      return false
    }
  }

  /** Lets the process end, and its group with it. */
  async close(): Promise<void> {
    if (this.#end !== undefined) return
    this.#channel.end()
    const timer = setTimeout(() => this.kill(), endTime)
    await this.#until(() => this.#end !== undefined)
    clearTimeout(timer)
  }

  /** Kills the whole process group. */
  kill(): void {
    this.#signal('SIGKILL', true)
  }

  #signal(name: NodeJS.Signals, isForGroup = false): void {
    if (this.pid === undefined) return
    try {
      process.kill(isForGroup ? -this.pid : this.pid, name)
    } catch {
      // It is gone.
    }
  }

  #linesOf(stream: 'stdout' | 'stderr'): OutputLines {
    return new OutputLines((line) => {
      if (stream === 'stderr') {
        this.#errors.push(line)
        if (this.#errors.length > keptErrors) this.#errors.shift()
      }
      this.#listener?.onOutput(stream, line)
    })
  }

  #take(message: WorkerMessage): void {
    if (message.type === 'hello') this.#hello = message
    else if (message.type === 'ready' || message.type === 'refused') this.#ready = message
    else if (message.type === 'result' || message.type === 'error') this.#answer = message
    else this.#listener?.onMessage(message)
    this.#wake()
  }

  #fail(error: Error): void {
    this.#problem ??= error
    this.kill()
    this.#wake()
  }

  #ended(end: WorkerEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    living.delete(this)
    clearTimeout(this.#closing)
    // What it has left behind ends with it.
    this.kill()
    this.#hold('unref')
    this.#wake()
  }

  #isOver(): boolean {
    return this.#end !== undefined || this.#problem !== undefined
  }

  #hold(how: 'ref' | 'unref'): void {
    this.#child[how]()
    for (const stream of [...this.#streams, this.#channel])
      (stream as unknown as Partial<Record<'ref' | 'unref', () => void>>)[how]?.()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  async #until(holds: () => boolean, signal?: AbortSignal): Promise<void> {
    if (holds()) return
    await new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        this.#waiting.delete(check)
        signal?.removeEventListener('abort', onAbort)
      }
      const check = (): void => {
        if (!holds()) return
        settle()
        resolve()
      }
      const onAbort = (): void => {
        settle()
        reject(signal!.reason)
      }
      this.#waiting.add(check)
      if (signal?.aborted === true) onAbort()
      else signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /**
   * Waits until nothing more comes: what was written before an answer, or before an end, lies in the pipes by then, and
   * each turn of the event loop reads all pipes that hold something. A pipe that a surviving child holds has no end.
   */
  async #outputRead(): Promise<void> {
    let heard: number
    do {
      heard = this.#heard
      await new Promise(setImmediate)
      await new Promise(setImmediate)
    } while (heard !== this.#heard)
  }
}

function deaf(): PipewrightError {
  return new PipewrightError(
    'WORKER_FAILED',
    'the worker has closed descriptor 3, on which it is to answer',
    {
      fix: 'close only descriptors that the step itself has opened',
    },
  )
}

function silent(): PipewrightError {
  return new PipewrightError('WORKER_FAILED', `the worker said nothing within ${helloTime / 1_000} s`, {
    fix: 'start it by hand to see what it waits for',
  })
}
