import { PipewrightError } from '../internal/error.ts'
import type { WorkerMessage } from './protocol.ts'

/** The longest message in bytes: what is longer travels in files. */
const longestMessage = 16 * 1024 * 1024

/** Splits what comes from a worker into its messages. */
export class MessageStream {
  readonly #onMessage: (message: WorkerMessage) => void
  #parts: Uint8Array[] = []
  #size = 0

  constructor(onMessage: (message: WorkerMessage) => void) {
    this.#onMessage = onMessage
  }

  /** Throws `WORKER_FAILED` for what is no message. */
  push(chunk: Uint8Array): void {
    let from = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      this.#parts.push(chunk.subarray(from, end))
      const text = Buffer.concat(this.#parts).toString('utf8')
      this.#parts = []
      this.#size = 0
      from = end + 1
      if (text.trim() !== '') this.#onMessage(parsed(text))
    }
    if (from === chunk.length) return
    this.#parts.push(chunk.subarray(from))
    this.#size += chunk.length - from
    if (this.#size > longestMessage)
      throw new PipewrightError(
        'WORKER_FAILED',
        `the worker sent a message of more than ${longestMessage} bytes`,
        {
          fix: 'send what is long in a file',
        },
      )
  }
}

function parsed(text: string): WorkerMessage {
  try {
    const message = JSON.parse(text) as unknown
    if (typeof message === 'object' && message !== null && 'type' in message) return message as WorkerMessage
  } catch {
    // Told below.
  }
  throw new PipewrightError('WORKER_FAILED', `the worker sent what is no message: ${text.slice(0, 200)}`, {
    fix: 'write nothing but messages to descriptor 3: what a step prints goes to its standard output',
  })
}
