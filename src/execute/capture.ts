import { AsyncLocalStorage } from 'node:async_hooks'
import { format } from 'node:util'
import type { LogLevel } from './context.ts'

/** What capturing hands to the attempt in whose asynchronous context something happened. */
export interface CaptureSink {
  /** Tells whether the line was taken. */
  log(level: LogLevel, message: string): boolean
  /** Takes what is written to a stream of the process as it is; tells whether it was taken. */
  print(stream: PrintedStream, piece: string | Uint8Array): boolean
  /** What of a text may be shown by others, where it was not taken. */
  shown(text: string): string
  unhandled(reason: unknown): void
}

/** Where a process prints. */
export type PrintedStream = 'stdout' | 'stderr'

const current = new AsyncLocalStorage<CaptureSink>()
const levels = { log: 'info', info: 'info', warn: 'warn', error: 'error', debug: 'debug' } as const
let users = 0
let restore: (() => void) | undefined

function onUnhandled(reason: unknown): void {
  const sink = current.getStore()
  if (sink !== undefined) sink.unhandled(reason)
  // Not of a step: what Node does without a listener, it shall do with this one alone.
  else if (process.listenerCount('unhandledRejection') === 1) throw reason
}

function install(): () => void {
  const originals = new Map<keyof typeof levels, (...values: unknown[]) => void>()
  for (const name of Object.keys(levels) as (keyof typeof levels)[]) {
    const original = console[name].bind(console)
    originals.set(name, console[name])
    console[name] = (...values: unknown[]) => {
      const sink = current.getStore()
      if (sink === undefined) original(...values)
      else {
        const text = format(...values)
        if (sink.log(levels[name], text)) return
        const shown = sink.shown(text)
        original(...(shown === text ? values : [shown]))
      }
    }
  }
  const stops = (['stdout', 'stderr'] as const).map(capturePrints)
  process.on('unhandledRejection', onUnhandled)
  return () => {
    for (const [name, original] of originals) console[name] = original
    for (const stop of stops) stop()
    process.off('unhandledRejection', onUnhandled)
  }
}

type Write = (piece: string | Uint8Array, ...others: unknown[]) => boolean

/** What a step writes to a stream by itself is printed as well. */
function capturePrints(name: PrintedStream): () => void {
  const stream = process[name]
  const original = Reflect.get(stream, 'write') as Write
  const write: Write = (...given) => Reflect.apply(original, stream, given) as boolean
  const capturing: Write = (piece, ...others) => {
    const sink = current.getStore()
    if (sink === undefined) return write(piece, ...others)
    const encoding = typeof others[0] === 'string' ? (others[0] as BufferEncoding) : 'utf8'
    const bytes = typeof piece === 'string' && encoding !== 'utf8' ? Buffer.from(piece, encoding) : piece
    if (!sink.print(name, bytes)) {
      const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('utf8')
      const shown = sink.shown(text)
      return shown === text
        ? write(piece, ...others)
        : write(shown, ...others.filter((one) => one !== encoding))
    }
    const done = others.at(-1)
    if (typeof done === 'function') process.nextTick(done as () => void)
    return true
  }
  Reflect.set(stream, 'write', capturing)
  return () => {
    // Whoever has put something in its place since keeps that.
    if (Reflect.get(stream, 'write') === capturing) Reflect.set(stream, 'write', original)
  }
}

/** Captures `console`, writes to the streams of the process and unhandled rejections of steps until the returned function is called. */
export function startCapture(): () => void {
  if (users++ === 0) restore = install()
  let active = true
  return () => {
    if (!active) return
    active = false
    if (--users === 0) restore?.()
  }
}

/** Does what is not the step's own work, though the step has caused it: what that prints is not the step's. */
export function uncaptured<T>(work: () => T): T {
  return users === 0 ? work() : current.run(undefined as never, work)
}

/** Runs a step's function so that what it prints and what it forgets to await is its own. */
export function captured<T>(sink: CaptureSink, run: () => T): T {
  return users === 0 ? run() : current.run(sink, run)
}
