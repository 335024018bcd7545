import type { StepContext } from '../define/context.ts'
import type { AttemptUsage } from '../record/event.ts'

/**
 * What an attempt and the processes that its step itself runs (Python, a command, a container) know of each other: the most
 * memory that they may take, and what they have used.
 */
export class OutsideWork {
  /** Bytes; undefined where the step does not say. */
  readonly memoryLimit: number | undefined
  #usage: AttemptUsage | undefined

  constructor(memoryLimit?: number) {
    this.memoryLimit = memoryLimit
  }

  /** What was used outside; undefined where nothing ran there. */
  get usage(): AttemptUsage | undefined {
    return this.#usage
  }

  note(usage: AttemptUsage): void {
    this.#usage = withUsage(usage, this.#usage)
  }
}

/** What two have used together: one after the other, or one that waits for the other. */
export function withUsage(usage: AttemptUsage, other: AttemptUsage | undefined): AttemptUsage {
  if (other === undefined) return usage
  const cpu = sum(usage.cpu, other.cpu)
  const memory = Math.max(usage.memory ?? 0, other.memory ?? 0)
  return {
    runner: usage.runner,
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === 0 ? {} : { memory }),
  }
}

function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : one + (other ?? 0)
}

const known = new WeakMap<object, OutsideWork>()

/** Ties what runs outside to the context that the function of the step is given. */
export function tieOutsideWork(context: StepContext, work: OutsideWork): void {
  known.set(context, work)
}

/** That of the attempt of a context; one without a limit, told to nobody, where a test made the context. */
export function outsideWorkOf(context: object): OutsideWork {
  return known.get(context) ?? new OutsideWork()
}
