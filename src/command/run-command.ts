import { PipewrightError } from '../internal/error.ts'
import type { StepContext } from '../define/context.ts'
import { outOfMemory } from '../execute/out-of-memory.ts'
import { outsideWorkOf } from '../execute/outside-work.ts'
import { asFinal } from './final-error.ts'
import { runLogged, type LoggedEnd } from './logged-process.ts'

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

/** Runs a command to its end in the folder of the attempt; past its time, or cancelled, it is told to end, then killed. */
export async function runCommand(
  { arguments: args, env, stdoutFile, exitCodes, grace, owner }: ReadyCommand,
  context: Pick<StepContext, 'log' | 'signal' | 'workdir'>,
): Promise<void> {
  const { log, signal, workdir } = context
  const outside = outsideWorkOf(context)
  const onLine = (line: string): void => log.info(line)
  const end = await runLogged({
    arguments: args,
    cwd: workdir,
    env,
    stdoutFile,
    onLine,
    signal,
    grace,
    memory: outside.memoryLimit,
    onUsage: (usage) => outside.note({ runner: 'command', ...usage }),
  }).catch((error: unknown) => {
    throw startFailure(error, args[0]!, owner)
  })
  if (end.isOutOfMemory)
    throw outOfMemory(`${owner}: '${args[0]!}'`, outside.memoryLimit, { runner: 'command' })
  judge(end, exitCodes, args[0]!, owner)
}

/** Throws `COMMAND_FAILED` where a command has ended with what is no success. */
export function judge(
  { code, signal, last }: LoggedEnd,
  exitCodes: Readonly<Record<number, ExitMeaning>>,
  file: string,
  owner: string,
): void {
  const meaning = code === null ? 'retry' : (exitCodes[code] ?? (code === 0 ? 'success' : 'retry'))
  if (meaning === 'success') return
  const how = code === null ? `was ended by ${signal}` : `ended with code ${code}`
  const error = new PipewrightError('COMMAND_FAILED', `${owner}: '${file}' ${how}${lastWords(last)}`, {
    fix: 'look at its log; `exitCodes` says which codes are a success, and which are not worth another try',
    details: { code, signal },
  })
  throw meaning === 'fail' ? asFinal(error) : error
}

/** The end of a message: what a process has said last. */
export function lastWords(last: readonly string[]): string {
  return last.length === 0 ? '' : `; it said last:\n${last.join('\n')}`
}

/** What to throw for what running a process has thrown: `COMMAND_FAILED` where it could not be started. */
export function startFailure(error: unknown, file: string, owner: string): unknown {
  const { code, syscall } = (error ?? {}) as Partial<NodeJS.ErrnoException>
  if (syscall?.startsWith('spawn') !== true) return error
  const what = code === 'ENOENT' ? 'is not there' : `cannot be started: ${code ?? String(error)}`
  return asFinal(
    new PipewrightError('COMMAND_FAILED', `${owner}: the executable '${file}' ${what}`, {
      fix: `install '${file}' where steps run, or give the path of one that can be executed`,
      cause: error,
    }),
  )
}
