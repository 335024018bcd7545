import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { PipewrightError } from '../internal/error.ts'
import type { StepContext } from '../define/context.ts'
import type { Kinds } from '../define/spec.ts'
import { outOfMemory } from '../execute/out-of-memory.ts'
import { outsideWorkOf } from '../execute/outside-work.ts'
import type { AttemptUsage } from '../record/event.ts'
import { foreignReport } from './foreign-report.ts'
import type { HostMessage, WorkerError, WorkerInput, WorkerMessage, WorkerOutputKind } from './protocol.ts'
import { revivedWorkerError } from './worker-error.ts'
import type { Leased } from './worker-pool.ts'
import type { WorkerEnd, WorkerListener } from './worker-process.ts'
import { exchangeFolder, WorkerQuestions } from './worker-questions.ts'
import { Exchange, fromWorkerOutput, toWorkerInput, toWorkerOutputKind } from './worker-values.ts'

/** One call of a function of a worker, in an attempt. */
export interface WorkerCall {
  readonly function: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly kinds: { readonly inputs: Kinds; readonly outputs: Kinds }
  readonly context: StepContext
  /** Milliseconds that the function has to end when it is told to. */
  readonly grace: number
  /** What is recorded as where the call ran. */
  readonly runner: AttemptUsage['runner']
}

/** What an attempt does with what its worker says: prints and reports are those of the step. */
export class CallListener implements WorkerListener {
  readonly #context: StepContext
  readonly #questions: WorkerQuestions
  #problem: unknown

  constructor(context: StepContext, answer: (message: HostMessage) => void) {
    this.#context = context
    this.#questions = new WorkerQuestions(context, answer)
  }

  /** The function has ended. */
  end(): void {
    this.#questions.end()
  }

  /** What reporting has thrown: it fails the step, as in a step of this process. */
  throwIfFailed(): void {
    if (this.#problem !== undefined) throw this.#problem
  }

  onOutput(stream: 'stdout' | 'stderr', line: string): void {
    this.#try(() => this.#context.log[stream === 'stdout' ? 'info' : 'warn'](line))
  }

  onMessage(message: WorkerMessage): void {
    this.#try(() => this.#take(message))
  }

  #try(report: () => void): void {
    try {
      report()
    } catch (error) {
      this.#problem ??= error
    }
  }

  #take(message: WorkerMessage): void {
    const context = this.#context
    switch (message.type) {
      case 'log':
        context.log[message.level](message.message, message.fields)
        break
      case 'metric': {
        const { name, value, step } = message
        context.metric(name, Number(value), step === undefined ? {} : { step })
        break
      }
      case 'param':
        context.param(message.name, message.value)
        break
      case 'progress':
        context.progress(message.done, message.total)
        break
      case 'report':
        context.report(foreignReport('file' in message ? message : { value: message.report }))
        break
      case 'checkpoint':
      case 'restored':
      case 'context':
      case 'secret':
      case 'once':
        void this.#questions.take(message)
        break
      case 'called':
        void this.#questions.called(message)
        break
      default:
        throw new PipewrightError(
          'WORKER_FAILED',
          `the worker sent a message of the unknown type '${message.type}'`,
          {
            fix: 'send what docs/worker-protocol.md has',
          },
        )
    }
  }
}

/** Calls a function of a worker: gives what it returned, as a step of this process returns it, or throws what it threw. */
export async function callWorker(
  { worker, note, done }: Leased,
  formats: readonly string[],
  listener: CallListener,
  call: WorkerCall,
): Promise<Readonly<Record<string, unknown>>> {
  const { context, kinds, grace, runner } = call
  const outside = outsideWorkOf(context)
  const { memoryLimit } = outside
  let isFit = false
  try {
    const { workdir } = context
    const exchange = new Exchange(join(workdir, exchangeFolder))
    const inputs: Record<string, WorkerInput> = {}
    for (const [name, value] of Object.entries(call.inputs))
      inputs[name] = await toWorkerInput(kinds.inputs[name]!, value, formats, exchange)
    const outputs: Record<string, WorkerOutputKind> = {}
    for (const [name, kind] of Object.entries(kinds.outputs)) outputs[name] = toWorkerOutputKind(kind)
    const end = await worker.call(
      {
        type: 'run',
        id: randomUUID(),
        function: call.function,
        inputs,
        outputs,
        workdir,
        exchange: exchange.folder,
        seed: Math.floor(context.random() * 2 ** 32),
      },
      context.signal,
      grace,
      memoryLimit,
    )
    outside.note({ runner, ...end.usage })
    if (end.type === 'ended') {
      if (end.isOutOfMemory === true) throw outOfMemory(`its ${runner} process`, memoryLimit, { runner })
      throw lostWorker(end, worker.lastErrors)
    }
    note(end)
    isFit = !context.signal.aborted && !leavesChildren(worker.hasChildren(), context)
    if (end.type === 'error') throw thrownBy(end.error, call, memoryLimit)
    listener.throwIfFailed()
    const returned: Record<string, unknown> = {}
    for (const [name, output] of Object.entries(end.outputs)) {
      const kind = kinds.outputs[name]
      // One that is not declared is refused by whoever checks what steps return.
      returned[name] = kind === undefined ? null : await fromWorkerOutput(kind, output, workdir)
    }
    return returned
  } finally {
    listener.end()
    // Ending a process takes its time, and is nothing that the step waits for.
    void done(isFit)
  }
}

/** The error of a function; that it could have no more memory is told as such, with what it has thrown as the cause. */
function thrownBy(
  error: WorkerError,
  { function: name, runner }: WorkerCall,
  limit: number | undefined,
): Error {
  if (error.code !== 'STEP_OUT_OF_MEMORY') return revivedWorkerError(error)
  const { code: _code, ...thrown } = error
  return outOfMemory(`its function '${name}'`, limit, { runner }, revivedWorkerError(thrown))
}

function leavesChildren(hasChildren: boolean, context: StepContext): boolean {
  if (hasChildren && !context.signal.aborted)
    context.log.warn('the step has left processes behind: they are ended, with the worker that it ran in')
  return hasChildren
}

/** The error of a call whose process ended in the middle. */
export function lostWorker({ code, signal }: WorkerEnd, said: string): PipewrightError {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`
  const fix =
    signal === 'SIGKILL'
      ? 'SIGKILL is often the system that is out of memory: say resources.memory, give the step less at once, or the machine more'
      : signal === null
        ? 'let the function return, or raise an exception: nothing may end the process'
        : 'look at the native code that the step calls: the last lines that it has printed say where it was'
  return new PipewrightError(
    'WORKER_FAILED',
    `the worker's process ${how} before the function had returned${said === '' ? '' : `:\n${said}`}`,
    { fix, details: { code, signal } },
  )
}
