import { PipewrightError } from '../../internal/error.ts'
import type { AttemptTask } from '../attempt.ts'
import { outOfMemory } from '../out-of-memory.ts'
import type { ChildEnd } from './child.ts'

/** What the child of an attempt was given. */
interface Given {
  readonly runner: string
  readonly timeout: number | undefined
  /** The most memory, in bytes. */
  readonly limit: number | undefined
  /** Milliseconds that loading the code might take. */
  readonly loading: number | undefined
  /** What was loaded. */
  readonly module: string
}

const crashes: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGSYS'])

function isOutOfMemory({ killed, error, stderr, signal }: ChildEnd): boolean {
  if (killed === 'memory') return true
  if ((error as { code?: unknown } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') return true
  return signal === 'SIGABRT' && /heap out of memory|Reached heap limit|Allocation failed/.test(stderr)
}

/** Why a child has ended without an outcome, as an error that names the step, and how the attempt has ended with it. */
export function lostError(
  { step, node }: Pick<AttemptTask, 'step' | 'node'>,
  end: ChildEnd,
  { runner, timeout, limit, loading, module }: Given,
): { readonly error: PipewrightError; readonly kind: 'failed' | 'timed-out' } {
  const owner = `step '${step.name}' (node '${node}')`
  const said = end.stderr.trim() === '' ? '' : `:\n${end.stderr.trim()}`
  const details = { step: step.name, node, runner, code: end.code, signal: end.signal }
  if (isOutOfMemory(end))
    return { kind: 'failed', error: outOfMemory(`${owner}: its ${runner}`, limit, details) }
  if (end.killed === 'time')
    return {
      kind: 'timed-out',
      error: new PipewrightError(
        'STEP_TIMEOUT',
        `${owner} took longer than its timeout of ${timeout} ms and did not react: its ${runner} was ended`,
        { fix: 'raise `timeout`, do less in one step, or react to ctx.signal', details },
      ),
    }
  if (end.killed === 'loading')
    return {
      kind: 'timed-out',
      error: new PipewrightError(
        'STEP_TIMEOUT',
        `${owner}: its ${runner} was still loading ${module} after ${loading} ms and was ended`,
        {
          fix: 'look for what never ends at the top level of the module, or of one that it imports: a loop, an `await`; or raise `timeout`',
          details,
        },
      ),
    }
  if (end.error !== undefined && end.code === null)
    return {
      kind: 'failed',
      error: new PipewrightError(
        'STEP_CRASHED',
        `${owner}: no ${runner} could be started: ${end.error.message}`,
        {
          fix: 'look at the limits of the machine: processes, memory, open files',
          cause: end.error,
          details,
        },
      ),
    }
  if (end.signal !== null && crashes.has(end.signal))
    return {
      kind: 'failed',
      error: new PipewrightError('STEP_CRASHED', `${owner}: its ${runner} crashed (${end.signal})${said}`, {
        fix: 'look for native code that the step uses: an add-on, a library, WebAssembly',
        details,
      }),
    }
  if (end.signal !== null)
    return {
      kind: 'failed',
      error: new PipewrightError(
        'STEP_CRASHED',
        `${owner}: its ${runner} was killed by ${end.signal}${said}`,
        {
          fix:
            end.signal === 'SIGKILL'
              ? 'when nobody has killed it, the system has, for want of memory: say resources.memory'
              : 'look for who sends signals to it',
          details,
        },
      ),
    }
  return {
    kind: 'failed',
    error: new PipewrightError(
      'STEP_CRASHED',
      `${owner} ended its ${runner} itself, with exit code ${end.code}${said}`,
      { fix: 'throw an error, or return, where it calls process.exit', cause: end.error, details },
    ),
  }
}

/** That a step has not ended what it had started. */
export function leftError({ step, node }: Pick<AttemptTask, 'step' | 'node'>, left: number): PipewrightError {
  const processes = left === 1 ? 'a child process' : `${left} child processes`
  return new PipewrightError(
    'STEP_LEFT_PROCESSES',
    `step '${step.name}' (node '${node}') returned and left ${processes} running; they were ended`,
    {
      fix: 'await the end of what the step starts, or kill it; what several steps share is a service',
      details: { step: step.name, node, left },
    },
  )
}
