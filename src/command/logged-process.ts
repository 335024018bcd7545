import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import { startGroup, type ProcessEnd, type ProcessGroup } from '../internal/process-group.ts'
import { watchTree, type TreeWatch } from '../execute/child/process-tree.ts'
import { PrintedLines } from '../execute/printed-lines.ts'

/** So much of a stream is logged, in bytes. */
const mostLogged = 4 * 1024 * 1024
/** So many of the last lines of the standard error are told where a command has failed. */
const lastLines = 10

/** A process whose output is told line by line. */
export interface LoggedProcess {
  readonly arguments: readonly string[]
  readonly cwd?: string
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Where the standard output goes; absent: it is told too. */
  readonly stdoutFile?: string | undefined
  readonly onLine: (line: string) => void
  /** Told at its end what it has used. Default: nobody looks. */
  readonly onUsage?: (usage: ReturnType<TreeWatch['usage']>) => void
  /** Aborted, the process is told to end. */
  readonly signal: AbortSignal
  /** Milliseconds between being told to end and being killed. */
  readonly grace: number
  /** The most resident memory that it may take with all that it has started, in bytes; it is killed beyond. Default: no limit. */
  readonly memory?: number | undefined
  /** How it is told to end, and killed. Default: by a signal to all that it has started. */
  readonly kill?: (signal: 'SIGTERM' | 'SIGKILL', group: ProcessGroup) => void
}

/** How it has ended, with the last lines of its standard error. */
export interface LoggedEnd extends ProcessEnd {
  readonly last: readonly string[]
  /** It was killed since it took more memory than it may. */
  readonly isOutOfMemory: boolean
}

/** Tells what a stream prints, line by line, up to a bound; all of it is read, so that nobody waits for a full pipe. */
function logged(stream: Readable, log: (line: string) => void): () => void {
  const lines = new PrintedLines(log)
  let size = 0
  stream.on('data', (chunk: Buffer) => {
    const room = mostLogged - size
    size += chunk.length
    if (room > 0) lines.write(chunk.subarray(0, room))
  })
  return () => {
    lines.end()
    if (size > mostLogged) log(`… ${size - mostLogged} bytes more were printed and are not kept`)
  }
}

/** Runs a process to its end; throws the reason of the signal where that is aborted, and why it cannot be started. */
export async function runLogged({
  arguments: args,
  cwd,
  env,
  stdoutFile,
  onLine,
  signal,
  grace,
  memory,
  onUsage,
  kill = (name, group) => group.kill(name),
}: LoggedProcess): Promise<LoggedEnd> {
  signal.throwIfAborted()
  const group = startGroup(args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const { stdout, stderr } = group.process
  let isOutOfMemory = false
  const { pid } = group.process
  const watch =
    pid === undefined || onUsage === undefined
      ? undefined
      : watchTree(pid, memory, () => {
          isOutOfMemory = true
          group.kill('SIGKILL')
        })
  let killing: NodeJS.Timeout | undefined
  const stop = (): void => {
    kill('SIGTERM', group)
    killing ??= setTimeout(() => kill('SIGKILL', group), grace)
  }
  signal.addEventListener('abort', stop, { once: true })
  const last: string[] = []
  const ends = [
    logged(stderr!, (line) => {
      if (last.push(line) > lastLines) last.shift()
      // Tools tell on it how far they are as well as what is wrong.
      onLine(line)
    }),
  ]
  let writing: Promise<void> = Promise.resolve()
  if (stdoutFile === undefined) ends.push(logged(stdout!, onLine))
  else {
    writing = pipeline(stdout!, createWriteStream(stdoutFile))
    // What cannot be written ends the command as well.
    writing.catch(stop)
  }
  try {
    const end = await group.ended
    for (const each of ends) each()
    signal.throwIfAborted()
    await writing
    return { ...end, last, isOutOfMemory }
  } finally {
    watch?.stop()
    if (watch !== undefined) onUsage?.(watch.usage())
    clearTimeout(killing)
    signal.removeEventListener('abort', stop)
  }
}
