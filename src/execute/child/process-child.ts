import { spawn, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { signalGroup } from '../../internal/process-group.ts'
import { channelDescriptor, lineOf, messageOf } from './channel.ts'
import type { Child, ChildEnd, ChildListener, ChildSettings } from './child.ts'
import { Descendants } from './descendants.ts'
import { PrintedLines } from '../printed-lines.ts'
import type { FromChild, ToChild } from './protocol.ts'
import { residentMemory } from './resident-memory.ts'

/** So much of what a child prints last on its standard error is kept, in characters: more than is told, so that no secret is cut. */
const keptText = 16_384

/** So long is waited for what a child that has ended has reported last, in milliseconds. */
const lastWords = 1_000

/** How often the memory of a child with a limit is looked at, in milliseconds. */
const betweenLooks = 100

const mebibyte = 2 ** 20

/** Children of this process: they end with it. */
const living = new Set<ChildProcess>()
let isWatching = false

function watchExit(): void {
  if (isWatching) return
  isWatching = true
  process.on('exit', () => {
    for (const child of living) signalGroup(child, 'SIGKILL')
  })
}

/** A process of this machine, with a group of its own: what it has started ends with it. */
class ProcessChild implements Child {
  listener: ChildListener | undefined
  readonly ended: Promise<ChildEnd>
  readonly #process: ChildProcess
  readonly #channel: Duplex
  readonly #file: string
  readonly #descendants = new Descendants()
  #stderr = ''
  #killed: ChildEnd['killed']
  #peak: number | undefined
  #looking: NodeJS.Timeout | undefined

  constructor({ entry, nodeArguments, env, memory }: ChildSettings) {
    const limit =
      memory === undefined ? [] : [`--max-old-space-size=${Math.max(16, Math.floor(memory / mebibyte))}`]
    const child = spawn(process.execPath, [...nodeArguments, ...limit, entry], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env,
      detached: true,
    })
    this.#process = child
    this.#file = join(tmpdir(), `pipewright-${process.pid}-${child.pid}`)
    this.#channel = child.stdio[channelDescriptor] as Duplex
    const messages = new PrintedLines((line) => {
      const message = messageOf<FromChild>(line)
      if (message?.type === 'process') this.#descendants.take(message)
      else if (message !== undefined) this.listener?.message(message)
    }, Infinity)
    messages.read(this.#channel)
    new PrintedLines((line) => this.listener?.printed(line, false)).read(child.stdout!)
    const errors = new PrintedLines((line) => {
      this.#stderr = `${this.#stderr}${line}\n`.slice(-keptText)
      this.listener?.printed(line, true)
    })
    errors.read(child.stderr!)
    living.add(child)
    watchExit()
    this.ended = this.#untilEnd()
    if (memory !== undefined) this.#watchMemory(memory)
  }

  send(message: ToChild): void {
    if (this.#channel.writable) this.#channel.write(lineOf(message, this.#file))
  }

  hold(isHeld: boolean): void {
    const { stdout, stderr } = this.#process
    // Pipes to a child are sockets.
    const sockets = [stdout, stderr, this.#channel] as unknown as readonly Socket[]
    for (const one of [this.#process, ...sockets]) {
      if (isHeld) one.ref()
      else one.unref()
    }
  }

  kill(why?: ChildEnd['killed']): void {
    this.#killed ??= why
    // Its number may be another's by now.
    if (living.has(this.#process)) signalGroup(this.#process, 'SIGKILL')
  }

  peak = (): number | undefined => this.#peak

  #watchMemory(limit: number): void {
    let isAsking = false
    this.#looking = setInterval(() => {
      if (isAsking) return
      isAsking = true
      void residentMemory(this.#process.pid!).then((bytes) => {
        isAsking = false
        if (bytes === undefined) return
        this.#peak = Math.max(this.#peak ?? 0, bytes)
        if (bytes > limit) this.kill('memory')
      })
    }, betweenLooks).unref()
  }

  async #untilEnd(): Promise<ChildEnd> {
    const child = this.#process
    let timer: NodeJS.Timeout | undefined
    try {
      // `close` comes after all that was reported has been read, unless a process that the child has left behind holds on.
      return await new Promise<ChildEnd>((resolve) => {
        const end = (code: number | null, signal: NodeJS.Signals | null, error?: Error): void =>
          resolve({
            code,
            signal,
            stderr: this.#stderr,
            ...(this.#killed === undefined ? {} : { killed: this.#killed }),
            ...(error === undefined ? {} : { error }),
          })
        child.once('error', (error) => end(null, null, error))
        child.once('close', (code, signal) => end(code, signal))
        child.once('exit', () => {
          signalGroup(child, 'SIGKILL')
          this.#descendants.kill()
          timer = setTimeout(() => {
            for (const stream of child.stdio) stream?.destroy()
          }, lastWords)
        })
      })
    } finally {
      // It may have told of some on its last line.
      this.#descendants.kill()
      living.delete(child)
      clearTimeout(timer)
      clearInterval(this.#looking)
    }
  }
}

/** Starts a process for attempts. */
export function startProcess(settings: ChildSettings): Child {
  return new ProcessChild(settings)
}
