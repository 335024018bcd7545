import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import { PipewrightError } from '../internal/error.ts'
import { startGroup, type ProcessEnd } from '../internal/process-group.ts'
import type { StepContext } from '../define/context.ts'
import { PrintedLines } from '../execute/printed-lines.ts'

/** So much of a stream is logged, in bytes. */
const mostLogged = 4 * 1024 * 1024
/** So many of the last lines of the standard error are told where a command has failed. */
const lastLines = 10

/** What an exit code means. */
export type ExitMeaning = 'success' | 'retry' | 'fail'

/** A command that is ready to be run. */
export interface ReadyCommand {
  readonly arguments: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Where the standard output goes; absent: it is logged. */
  readonly stdoutFile: string | undefined
  readonly exitCodes: Readonly<Record<number, ExitMeaning>>
  /** Milliseconds between being told to end and being killed. */
  readonly grace: number
  /** Step and node, for messages. */
  readonly owner: string
}

/** Errors of commands that another try cannot cure. */
const final = new WeakSet<object>()

/** Whether a command has said that trying again is of no use. */
export function isFinal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && final.has(error)
}

/** Logs what a stream prints, line by line, up to a bound; all of it is read, so that nobody waits for a full pipe. */
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

/** Runs a command to its end in the folder of the attempt; past its time, or cancelled, it is told to end, then killed. */
export async function runCommand(
  { arguments: args, env, stdoutFile, exitCodes, grace, owner }: ReadyCommand,
  ctx: Pick<StepContext, 'log' | 'signal' | 'workdir'>,
): Promise<void> {
  const { signal } = ctx
  signal.throwIfAborted()
  const group = startGroup(args, { cwd: ctx.workdir, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const { stdout, stderr } = group.process
  let kill: NodeJS.Timeout | undefined
  const stop = (): void => {
    group.kill('SIGTERM')
    kill ??= setTimeout(() => group.kill('SIGKILL'), grace)
  }
  signal.addEventListener('abort', stop, { once: true })
  const last: string[] = []
  const ends = [
    logged(stderr!, (line) => {
      if (last.push(line) > lastLines) last.shift()
      // Tools tell on it how far they are as well as what is wrong.
      ctx.log.info(line)
    }),
  ]
  let writing: Promise<void> = Promise.resolve()
  if (stdoutFile === undefined) ends.push(logged(stdout!, (line) => ctx.log.info(line)))
  else {
    writing = pipeline(stdout!, createWriteStream(stdoutFile))
    // What cannot be written ends the command as well.
    writing.catch(stop)
  }
  try {
    const end = await group.ended.catch((cause: unknown) => {
      throw notStarted(args[0]!, owner, cause)
    })
    for (const each of ends) each()
    signal.throwIfAborted()
    await writing
    judge(end, exitCodes, { owner, file: args[0]!, last })
  } finally {
    clearTimeout(kill)
    signal.removeEventListener('abort', stop)
  }
}

function judge(
  { code, signal }: ProcessEnd,
  exitCodes: Readonly<Record<number, ExitMeaning>>,
  { owner, file, last }: { readonly owner: string; readonly file: string; readonly last: readonly string[] },
): void {
  const meaning = code === null ? 'retry' : (exitCodes[code] ?? (code === 0 ? 'success' : 'retry'))
  if (meaning === 'success') return
  const how = code === null ? `was ended by ${signal}` : `ended with code ${code}`
  const said = last.length === 0 ? '' : `; it said last:\n${last.join('\n')}`
  const error = new PipewrightError('COMMAND_FAILED', `${owner}: '${file}' ${how}${said}`, {
    fix: 'look at its log; `exitCodes` says which codes are a success, and which are not worth another try',
    details: { code, signal },
  })
  if (meaning === 'fail') final.add(error)
  throw error
}

function notStarted(file: string, owner: string, cause: unknown): PipewrightError {
  const { code } = cause as NodeJS.ErrnoException
  const what = code === 'ENOENT' ? 'is not there' : `cannot be started: ${code ?? String(cause)}`
  const error = new PipewrightError('COMMAND_FAILED', `${owner}: the executable '${file}' ${what}`, {
    fix: `install '${file}' where steps run, or give the path of one that can be executed`,
    cause,
  })
  final.add(error)
  return error
}
