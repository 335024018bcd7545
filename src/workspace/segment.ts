import { open } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import type { LogLevel } from '../execute/context.ts'
import type { SegmentLine } from '../execute/log.ts'

/** One line that a step has logged. */
export interface LogLine {
  readonly node: string
  readonly attempt: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly level: LogLevel
  readonly message: string
  readonly fields?: Readonly<Record<string, unknown>>
}

const chunkSize = 64 * 1024

/** The log of one attempt, read from where it was left: it may still grow. */
export class Segment {
  readonly node: string
  readonly attempt: number
  readonly #path: string
  #decoder = new StringDecoder('utf8')
  #offset = 0
  #rest = ''

  constructor(path: string, node: string, attempt: number) {
    this.#path = path
    this.node = node
    this.attempt = attempt
  }

  /** The lines that are complete and were not read before; none where there is no file (yet). */
  async *lines(): AsyncGenerator<LogLine> {
    const file = await open(this.#path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (file === undefined) return
    try {
      const buffer = Buffer.alloc(chunkSize)
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, chunkSize, this.#offset)
        if (bytesRead === 0) return
        this.#offset += bytesRead
        const lines = (this.#rest + this.#decoder.write(buffer.subarray(0, bytesRead))).split('\n')
        this.#rest = lines.pop()!
        for (const text of lines) {
          const line = this.#parsed(text)
          if (line !== undefined) yield line
        }
      }
    } finally {
      await file.close()
    }
  }

  #parsed(text: string): LogLine | undefined {
    let line: SegmentLine
    try {
      line = JSON.parse(text) as SegmentLine
    } catch {
      // Torn by the end of a process.
      return undefined
    }
    if (!('level' in line) || line.level === 'metric') return undefined
    const { at, level, message, fields } = line
    return {
      node: this.node,
      attempt: this.attempt,
      at,
      level: level as LogLevel,
      message,
      ...(fields === undefined ? {} : { fields: fields as Readonly<Record<string, unknown>> }),
    }
  }
}
