import { appendFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** The longest line that is kept whole. */
const longestLine = 16 * 1024
const bufferSize = 64 * 1024
/** So long, in milliseconds, may what was logged be unseen by those who follow the file. */
const unseen = 250

/** One line of a segment. */
export type SegmentLine =
  | { readonly at: number; readonly level: string; readonly message: string; readonly fields?: unknown }
  | { readonly at: number; readonly metric: string; readonly value: number | string; readonly step: number }

function lineText(line: SegmentLine): string {
  let text: string
  try {
    text = JSON.stringify(line, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  } catch {
    // Fields that JSON cannot hold (a cycle) must not make a log line fail a step.
    text = JSON.stringify({ ...line, fields: '(not serialisable)' })
  }
  if (text.length <= longestLine) return `${text}\n`
  const level = 'level' in line ? line.level : 'metric'
  const cut = (length: number): string => {
    const message = ('message' in line ? line.message : line.metric).slice(0, length)
    return `${JSON.stringify({ at: line.at, level, message, cut: text.length })}\n`
  }
  // A control character takes six characters as JSON.
  const short = cut(longestLine - 200)
  return short.length <= longestLine ? short : cut(Math.floor((longestLine - 200) / 6))
}

/** A message as long as a line may be: nobody who listens is told more. */
export function cappedMessage(message: string): string {
  return message.length <= longestLine
    ? message
    : `${message.slice(0, longestLine)} … (${message.length - longestLine} characters more)`
}

/**
 * The append-only log of one attempt: NDJSON, buffered, written behind the step's back. No file is made for an
 * attempt that logs nothing. A write that fails is counted and never fails the step.
 */
export class LogSegment {
  readonly #root: string
  readonly #name: string
  #buffer = ''
  #lines = 0
  #writing: Promise<void> = Promise.resolve()
  #failed = false
  #later: NodeJS.Timeout | undefined

  /** `name` is the path of the segment relative to the workspace. */
  constructor(root: string, name: string) {
    this.#root = root
    this.#name = name
  }

  /** The segment's path relative to the workspace; undefined while nothing was logged. */
  get name(): string | undefined {
    return this.#lines === 0 ? undefined : this.#name
  }

  write(line: SegmentLine): void {
    this.#lines++
    this.#buffer += lineText(line)
    if (this.#buffer.length >= bufferSize) this.#drain()
    else this.#later ??= setTimeout(() => this.#drain(), unseen).unref()
  }

  /** Waits until everything is in the file. */
  async close(): Promise<void> {
    this.#drain()
    await this.#writing
  }

  #drain(): void {
    clearTimeout(this.#later)
    this.#later = undefined
    if (this.#buffer === '' || this.#failed) return
    const text = this.#buffer
    this.#buffer = ''
    const path = join(this.#root, this.#name)
    this.#writing = this.#writing.then(async () => {
      try {
        await mkdir(dirname(path), { recursive: true })
        await appendFile(path, text)
      } catch {
        this.#failed = true
      }
    })
  }
}
