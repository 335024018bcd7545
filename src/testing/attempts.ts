import { milliseconds } from '../internal/duration.ts'
import {
  attemptStep,
  type AttemptOutcome,
  type AttemptServices,
  type AttemptTask,
} from '../execute/attempt.ts'
import { blobsOf } from '../execute/entry-blobs.ts'
import { artifactsOf } from '../execute/lost.ts'
import type { Runner } from '../execute/runner.ts'
import { unshared } from '../execute/unshared.ts'
import { onAbort } from '../execute/abortable.ts'
import { own } from '../internal/own.ts'
import type { TestClock } from './clock.ts'
import { withContext, type FakeContext } from './context.ts'
import type { Faults, NodeFault } from './fault.ts'
import type { CorruptBlobs } from './stores.ts'

/** What the attempts of one run are made with. */
export interface TestedRun {
  readonly faults: Faults
  readonly context: ((place: { readonly node: string; readonly attempt: number }) => FakeContext) | undefined
}

/** What attempts need of the workspace that they run in. */
export interface AttemptWorld {
  readonly clock: TestClock
  readonly corrupt: CorruptBlobs
  /** Ends the process, as far as the record can tell. */
  readonly die: () => Promise<void>
}

/** Runs an attempt as the engine does, with what a test has planned for it. */
export async function testedAttempt(
  task: AttemptTask,
  services: AttemptServices,
  { faults, context }: TestedRun,
  world: AttemptWorld,
): Promise<AttemptOutcome> {
  const { node, attempt } = task
  const planned = faults.of(node, attempt)
  const slot = new Busy(world.clock)
  const runner = faulty(
    withContext(services.runner, context?.({ node, attempt })),
    planned,
    faults,
    slot,
    world,
  )
  try {
    const outcome = await attemptStep(task, { ...reading(task, services, world.corrupt), runner })
    if (outcome.ok) for (const one of planned) spoil(one, task, outcome, faults, world.corrupt)
    return outcome
  } finally {
    slot.leave()
  }
}

/** Holds the clock while an attempt works, and not while it waits for that clock. */
class Busy {
  readonly #clock: TestClock
  #release: () => void
  #isOver = false

  constructor(clock: TestClock) {
    this.#clock = clock
    this.#release = clock.hold()
  }

  async waiting<T>(wait: () => Promise<T>): Promise<T> {
    this.#release()
    try {
      return await wait()
    } finally {
      if (!this.#isOver) this.#release = this.#clock.hold()
    }
  }

  leave(): void {
    this.#isOver = true
    this.#release()
  }
}

function faulty(
  runner: Runner,
  planned: readonly NodeFault[],
  faults: Faults,
  slot: Busy,
  { clock, die }: AttemptWorld,
): Runner {
  if (planned.length === 0) return runner
  return {
    name: runner.name,
    run: async (task) => {
      const { signal } = task.context
      for (const one of planned) {
        if (one.corrupt === undefined) faults.happened(one)
        if (one.delay !== undefined)
          await slot.waiting(() => sleep(clock, milliseconds(one.delay!, 'delay'), signal))
        if (one.lost === true) await slot.waiting(die)
        if (one.hang === true || one.lost === true) await slot.waiting(() => aborted(signal))
        if ('error' in one) throw one.error
      }
      return runner.run(task)
    },
  }
}

/** Resolves never; throws the reason of the signal. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error)
    else onAbort(signal, () => reject(signal.reason as Error))
  })
}

function sleep(clock: TestClock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = clock.after(ms, resolve)
    aborted(signal).catch((reason: unknown) => {
      stop()
      reject(reason as Error)
    })
  })
}

/** Services that read what is stored, and not what is at hand, where that counts as corrupt. */
function reading(task: AttemptTask, services: AttemptServices, corrupt: CorruptBlobs): AttemptServices {
  for (const artifact of artifactsOf(task.values))
    for (const blob of blobsOf(artifact)) if (corrupt.has(blob)) return unshared(services)
  return services
}

function spoil(
  one: NodeFault,
  { run, node }: AttemptTask,
  { outputs }: AttemptOutcome & { ok: true },
  faults: Faults,
  corrupt: CorruptBlobs,
): void {
  if (one.corrupt === undefined) return
  const output = own(outputs, one.corrupt)!
  faults.happened(one)
  const blobs = [...artifactsOf([output])].flatMap((artifact) => blobsOf(artifact))
  corrupt.plan(run.id, node, blobs)
}
