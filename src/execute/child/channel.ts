import { mkdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { MessagePort } from 'node:worker_threads'
import type { FromChild, ToChild } from './protocol.ts'

/** The file descriptor of a child's channel: its standard output is the step's. */
export const channelDescriptor = 3

/** A longer text does not go through a channel: it is put into a file. In characters. */
export const longestLine = 64 * 1024

/** A child's way to its parent. */
export interface ChildChannel {
  /** Whether both sides may read the same memory. */
  readonly sharesMemory: boolean
  send(message: FromChild): void
  /** Calls a listener with all that the parent says, and once when the parent is gone. */
  listen(onMessage: (message: ToChild) => void, onGone: () => void): void
}

let files = 0

/** A message as a line; a long one is in a file of this name and a number. */
export function lineOf(message: FromChild | ToChild, file: string): string {
  const text = textOf(message)
  if (text.length <= longestLine) return `${text}\n`
  const path = `${file}-${++files}.json`
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return `${JSON.stringify({ type: 'file', path })}\n`
}

/** The message of a line; undefined for what a step has written to a descriptor that is not its own. */
export function messageOf<T extends FromChild | ToChild>(line: string): T | undefined {
  try {
    const message = JSON.parse(line) as T
    if (message?.type !== 'file') return message
    const { path } = message as { readonly path: string }
    const text = readFileSync(path, 'utf8')
    rmSync(path, { force: true })
    return JSON.parse(text) as T
  } catch {
    return undefined
  }
}

function textOf(message: FromChild | ToChild): string {
  try {
    return JSON.stringify(message)
  } catch {
    // Fields of a log line that JSON cannot hold.
    return JSON.stringify({ ...message, fields: { unserialisable: true } })
  }
}

/** The channel of a process. What was sent is with the parent when `send` returns, also when the process ends at once. */
export function descriptorChannel(): ChildChannel {
  let file = ''
  return {
    sharesMemory: false,
    send(message) {
      const bytes = Buffer.from(lineOf(message, file), 'utf8')
      for (let at = 0; at < bytes.length;) {
        try {
          at += writeSync(channelDescriptor, bytes, at)
        } catch (error) {
          // The pipe is full: its reader is behind.
          if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
        }
      }
    },
    listen(onMessage, onGone) {
      const socket = new Socket({ fd: channelDescriptor, readable: true, writable: false })
      socket.once('close', onGone)
      socket.on('error', () => undefined)
      createInterface({ input: socket }).on('line', (line) => {
        const message = messageOf<ToChild>(line)
        if (message?.type === 'boot') file = `${message.folder}/work/message-${process.pid}`
        if (message !== undefined) onMessage(message)
      })
    },
  }
}

/** The channel of a thread: messages are cloned, so that a large one needs no file. */
export function portChannel(port: MessagePort): ChildChannel {
  return {
    sharesMemory: true,
    send: (message) => {
      try {
        port.postMessage(message)
      } catch {
        // Fields of a log line that cannot be cloned.
        port.postMessage(JSON.parse(textOf(message)))
      }
    },
    listen(onMessage, onGone) {
      port.on('message', onMessage)
      port.once('close', onGone)
    },
  }
}
