import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'
import { channelDescriptor } from './channel.ts'
import type { ChildMessage, ChildRequest, MemoryAnswer } from './protocol.ts'

/** So much of what a child prints last on its standard error is kept. */
const keptText = 4_096

/** So long is waited for what a child that has ended has reported last, in milliseconds. */
const lastWords = 1_000

/** How a child process is started. */
export interface ChildSettings {
  /** Arguments of Node, before the entry. */
  readonly nodeArguments: readonly string[]
  /** The module that the child runs. */
  readonly entry: string
  /** Where the request is written. */
  readonly requestFile: string
  /** Aborted: the child is told to end. */
  readonly signal?: AbortSignal
  /** Milliseconds that a child has to end when it was told to; then it is killed. */
  readonly grace: number
  /** Milliseconds after which it is killed; default: never. */
  readonly killAfter?: number
}

/** How a child process has ended. */
export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last that it has printed on its standard error. */
  readonly stderr: string
}

/** A message; undefined for what a step has written to a descriptor that is not its own. */
function messageOf(line: string): ChildMessage | undefined {
  try {
    return JSON.parse(line) as ChildMessage
  } catch {
    return undefined
  }
}

/** Starts a process for one request, hands on what it reports and is answered, and waits for its end. */
export async function startChild(
  request: ChildRequest,
  { nodeArguments, entry, requestFile, signal, grace, killAfter }: ChildSettings,
  onMessage: (message: ChildMessage, answer: (given: MemoryAnswer) => void) => void,
): Promise<ChildEnd> {
  await writeFile(requestFile, JSON.stringify(request))
  const child = spawn(process.execPath, [...nodeArguments, entry, requestFile], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-keptText)
  })
  const channel = child.stdio[channelDescriptor] as Duplex
  // A child that has ended asks no more.
  channel.on('error', () => undefined)
  const answer = (given: MemoryAnswer): void =>
    void (channel.writable && channel.write(`${JSON.stringify(given)}\n`))
  const lines = createInterface({ input: channel })
  lines.on('line', (line) => {
    const message = messageOf(line)
    if (message !== undefined) onMessage(message, answer)
  })
  const timers: NodeJS.Timeout[] = []
  const kill = (): void => void child.kill('SIGKILL')
  const stop = (): void => {
    child.kill('SIGTERM')
    timers.push(setTimeout(kill, grace))
  }
  if (killAfter !== undefined) timers.push(setTimeout(kill, killAfter))
  if (signal?.aborted === true) stop()
  else signal?.addEventListener('abort', stop, { once: true })
  try {
    // `close` comes after all that was reported has been read, unless a process that the child has left behind holds on.
    return await new Promise<ChildEnd>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, ended) => resolve({ code, signal: ended, stderr }))
      child.once('exit', () => {
        const letGo = (): void => {
          for (const stream of child.stdio) stream?.destroy()
        }
        timers.push(setTimeout(letGo, lastWords))
      })
    })
  } finally {
    signal?.removeEventListener('abort', stop)
    for (const timer of timers) clearTimeout(timer)
  }
}
