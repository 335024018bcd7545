import { writeSync } from 'node:fs'
import type { ChildMessage } from './protocol.ts'

/** The file descriptor that a child reports on: its standard output is the step's. */
export const channelDescriptor = 3

/** Sends a message to the parent; it is there when this returns, also when the process ends at once. */
export function send(message: ChildMessage): void {
  const bytes = Buffer.from(`${textOf(message)}\n`, 'utf8')
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(channelDescriptor, bytes, at)
    } catch (error) {
      // The pipe is full: its reader is behind.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

function textOf(message: ChildMessage): string {
  try {
    return JSON.stringify(message)
  } catch {
    // Fields of a log line that JSON cannot hold.
    return JSON.stringify({ ...message, fields: { unserialisable: true } })
  }
}
