import { AsyncLocalStorage } from 'node:async_hooks'
import { format } from 'node:util'
import type { LogLevel } from './context.ts'

/** What capturing hands to the attempt in whose asynchronous context something happened. */
export interface CaptureSink {
  /** Tells whether the line was taken. */
  log(level: LogLevel, message: string): boolean
  unhandled(reason: unknown): void
}

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
      if (sink?.log(levels[name], format(...values)) !== true) original(...values)
    }
  }
  process.on('unhandledRejection', onUnhandled)
  return () => {
    for (const [name, original] of originals) console[name] = original
    process.off('unhandledRejection', onUnhandled)
  }
}

/** Captures `console` and unhandled rejections of steps until the returned function is called. */
export function startCapture(): () => void {
  if (users++ === 0) restore = install()
  let active = true
  return () => {
    if (!active) return
    active = false
    if (--users === 0) restore?.()
  }
}

/** Runs a step's function so that what it prints and what it forgets to await is its own. */
export function captured<T>(sink: CaptureSink, run: () => T): T {
  return users === 0 ? run() : current.run(sink, run)
}
