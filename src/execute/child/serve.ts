import { setTimeout as sleep } from 'node:timers/promises'
import { PipewrightError } from '../../internal/error.ts'
import type { AnyStep } from '../../define/step.ts'
import { redactedValue } from '../../secret/redacted-value.ts'
import type { Redactor } from '../../secret/redactor.ts'
import { startCapture } from '../capture.ts'
import { errorRecord } from '../error-record.ts'
import { runningProcesses, watchProcesses } from '../running-processes.ts'
import type { ChildChannel } from './channel.ts'
import type { ChildAttempt, ChildBoot, StepAddress, ToChild } from './protocol.ts'
import { startAttempt, type ChildServices, type RunningAttempt } from './run-attempt.ts'
import { measureUsage } from './usage.ts'

/** So often, and so long apart in milliseconds, child processes of a step are looked for: they may be ending. */
const looks = 10
const betweenLooks = 20

/** What a child finds code and opens stores with; composed by whoever knows how modules are loaded. */
export interface ChildHost {
  readonly services: ChildServices
  /** The steps of a pipeline by their keys; refuses a pipeline of another structure. */
  steps(address: StepAddress): Promise<ReadonlyMap<string, AnyStep>>
  /** Refuses a step whose code is not what the parent has read. */
  checkCode(step: AnyStep, attempt: ChildAttempt): Promise<void>
  /** Child processes that belong to no step: those of services. */
  readonly ownProcesses: () => number
  /** Closes what steps have opened. */
  close(): Promise<void>
}

async function leftProcesses(own: () => number): Promise<number> {
  for (let look = 0; look < looks; look++) {
    if (runningProcesses() <= own()) return 0
    await sleep(betweenLooks)
  }
  return runningProcesses() - own()
}

/**
 * Serves a parent: one attempt after the other, until nothing more comes. `end` ends this child; one that is left alone takes
 * with it all that its steps have started.
 */
export function serve(
  channel: ChildChannel,
  open: (boot: ChildBoot) => Promise<ChildHost>,
  end: (code: number, isAlone: boolean) => void,
): void {
  let host: Promise<ChildHost> | undefined
  let running: RunningAttempt | undefined
  let run: string | undefined
  let redactor: Redactor | undefined
  const before: ToChild[] = []

  const refuse = (error: unknown): void => channel.send({ type: 'refused', error: errorRecord(error) })

  const attempt = async (given: ChildAttempt): Promise<void> => {
    before.length = 0
    try {
      const { services, ownProcesses, ...code } = await host!
      const step = (await code.steps(given.address)).get(given.step)
      if (step === undefined)
        throw new PipewrightError(
          'PLAN_INVALID',
          `pipeline '${given.address.pipeline}' has no step '${given.step}'`,
        )
      await code.checkCode(step, given)
      // Those of one run at a time: another run reads anew.
      if (run !== given.run.id && run !== undefined) services.secrets.forget(run)
      run = given.run.id
      redactor = services.secrets.of(run).redactor
      channel.send({ type: 'begun' })
      const measured = measureUsage()
      running = startAttempt(step, given, services, channel)
      for (const message of before.splice(0)) running.take(message)
      const outcome = await running.outcome
      const usage = measured()
      const left = await leftProcesses(ownProcesses)
      running = undefined
      channel.send({ type: 'outcome', outcome, usage, left })
    } catch (error) {
      running = undefined
      refuse(error)
    }
  }

  const boot = async (message: ChildBoot): Promise<void> => {
    host = open(message)
    try {
      const opened = await host
      if (message.preload !== undefined) await opened.steps(message.preload)
      channel.send({ type: 'ready' })
    } catch (error) {
      refuse(error)
    }
  }

  const close = async (): Promise<void> => {
    try {
      await (await host)?.close()
    } finally {
      // Whatever steps have left running ends with it.
      end(0, false)
    }
  }

  // A worker is there for steps alone: what it prints is theirs.
  startCapture()
  watchProcesses((news) => channel.send({ type: 'process', ...news }))
  process.on('uncaughtException', (error) => {
    // Nobody has looked through it for secrets.
    const shown = redactor === undefined ? error : redactedValue(error, redactor)
    channel.send({ type: 'uncaught', error: errorRecord(shown) })
    end(1, false)
  })
  channel.listen(
    (message) => {
      if (message.type === 'boot') void boot(message)
      else if (message.type === 'attempt') void attempt(message.attempt)
      else if (message.type === 'end') void close()
      else if (running === undefined) before.push(message)
      else running.take(message)
    },
    () => end(1, true),
  )
}
