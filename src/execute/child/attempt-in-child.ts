import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Digest } from '../../internal/digest.ts'
import type { AttemptUsage } from '../../record/event.ts'
import type { MetadataStore } from '../../record/metadata.ts'
import { BlindRedactor } from '../../secret/blind-redactor.ts'
import { onAbort } from '../abortable.ts'
import { retryVerdict, type AttemptOutcome, type AttemptServices, type AttemptTask } from '../attempt.ts'
import { errorRecord, revivedError } from '../error-record.ts'
import { LogSegment } from '../log.ts'
import { withUsage } from '../outside-work.ts'
import type { Child, ChildEnd } from './child.ts'
import { leftError, lostError } from './lost-child.ts'
import { memoryAnswer } from './memory-answers.ts'
import type { ChildAttempt, ChildOutcome, FromChild, ToChild } from './protocol.ts'
import { ShownLines } from './shown-lines.ts'
import { fromSmallBlobs, smallBlobsOf } from './small-blobs.ts'
import type { StepHome } from './step-home.ts'

/** Milliseconds that a child has beyond its limits before it is killed. */
const margin = 1_000
/** Loading code may take so long, in milliseconds, however short the timeout of the step is: that is for its function. */
const leastLoading = 30_000
const defaultGrace = 5_000

/** So much of what a child has printed last on its standard error is told where it was lost, in characters. */
const toldText = 4_096

const blindRedactors = new WeakMap<Child, BlindRedactor>()

/** What takes secrets out of what a child prints: it keeps those of earlier attempts. */
function blindRedactorOf(child: Child): BlindRedactor {
  const known = blindRedactors.get(child) ?? new BlindRedactor()
  blindRedactors.set(child, known)
  return known
}

/** What running attempts in children takes. */
export interface ChildPlace {
  readonly runner: AttemptUsage['runner']
  readonly metadata: Pick<MetadataStore, 'blob'>
  /** The most memory that the child may take, in bytes. */
  readonly memory?: number
}

/** How an attempt in a child has ended. */
export interface ChildAnswer {
  readonly result: AttemptOutcome
  /** The child may be given another attempt. */
  readonly isGood: boolean
  /** It had ended before it could begin. */
  readonly isStale: boolean
}

type Ending = FromChild & { readonly type: 'outcome' | 'refused' | 'uncaught' }

/**
 * Runs an attempt in a child that has been started; `onExtension` takes what the child's preload reports. Whatever happens
 * to the child, this attempt alone ends with it.
 */
export async function attemptInChild(
  task: AttemptTask,
  services: AttemptServices,
  home: StepHome,
  child: Child,
  { runner, metadata, memory: limit }: ChildPlace,
  onExtension: (data: unknown) => void = () => undefined,
): Promise<ChildAnswer> {
  const { step: _step, signal, memory, onLog, onProgress, onMetric, home: _home, ...attempt } = task
  const { timeout, grace = defaultGrace } = task.declaration
  const small = await smallBlobsOf(task.values, metadata, services.reader)
  const printed = new LogSegment(
    services.root,
    join('logs', task.run.id, `${task.fileName}-${task.attempt}.ndjson`),
  )
  const { redactor } = services.secrets.of(task.run.id)
  const blind = blindRedactorOf(child)
  const shown = (text: string): string => redactor.text(blind.text(text))
  const lines = new ShownLines(shown, (level, message) => {
    printed.write({ at: services.clock.now(), level, message })
    onLog(level, message, undefined)
  })
  let hasBegun = false
  const timers: NodeJS.Timeout[] = []
  const after = (ms: number, act: () => void): void => void timers.push(setTimeout(act, ms).unref())
  const loading = timeout === undefined ? undefined : Math.max(timeout, leastLoading)
  if (loading !== undefined)
    after(loading, () => {
      if (!hasBegun) child.kill('loading')
    })
  let stop: () => void = () => undefined
  const ending = new Promise<Ending>((resolve) => {
    child.listener = {
      printed: (line, isError) => lines.take(line, isError),
      message: (message) => {
        if (message.type === 'begun') {
          hasBegun = true
          if (timeout !== undefined) after(timeout + grace + margin, () => child.kill('time'))
        } else if (message.type === 'log') onLog(message.level, message.message, message.fields)
        else if (message.type === 'progress') onProgress(message.done, message.total)
        else if (message.type === 'metric') onMetric?.(message.name, Number(message.value), message.step)
        else if (message.type === 'memory')
          void memoryAnswer(message.number, message.asked, {
            memory,
            metadata,
            reader: services.reader,
          }).then((answer) => child.send(answer))
        else if (message.type === 'secret') blind.add(message.marks)
        else if (message.type === 'blob')
          void sharedBlob(message.blob, services).then((answer) => child.send(answer))
        else if (message.type === 'extension') onExtension(message.data)
        else if (message.type === 'outcome' || message.type === 'refused' || message.type === 'uncaught')
          resolve(message)
      },
    }
    const { address, key, code } = home
    const given: ChildAttempt = {
      ...attempt,
      address,
      step: key,
      ...(code === undefined ? {} : { code }),
      small,
    }
    child.send({ type: 'attempt', attempt: given })
    const cancel = (): void => {
      child.send({ type: 'cancel', reason: errorRecord(signal.reason) })
      // A synchronous loop hears of nothing.
      after(grace + margin, () => child.kill('grace'))
    }
    if (signal.aborted) cancel()
    else stop = onAbort(signal, cancel)
  })
  let end: Ending | { readonly type: 'end'; readonly how: ChildEnd }
  try {
    end = await Promise.race([ending, child.ended.then((how) => ({ type: 'end' as const, how }))])
    // What it has printed last is on its way through another pipe.
    for (let turn = 0; turn < 3; turn++) await nextTurn()
  } finally {
    stop()
    for (const timer of timers) clearTimeout(timer)
  }
  lines.flush()
  await printed.close()
  const usage: AttemptUsage = { runner, ...(end.type === 'outcome' ? end.usage : peakOf(child)) }
  const log = printed.name === undefined ? {} : { log: printed.name }
  const failed = (
    error: unknown,
    kind: 'failed' | 'timed-out' | 'cancelled',
    retryable: boolean,
  ): AttemptOutcome => ({
    ok: false,
    end: kind,
    error,
    retryable,
    facts: { metrics: {}, params: {}, usage },
    ...log,
  })
  if (end.type === 'outcome') {
    const { left, outcome } = end
    if (left > 0 && outcome.ok)
      return { result: failed(leftError(task, left), 'failed', true), isGood: false, isStale: false }
    const isGood = left === 0 && (outcome.ok || outcome.abandoned !== true)
    return { result: ended(outcome, usage, log, services), isGood, isStale: false }
  }
  // What it has loaded, or could not open, stays with it: another one looks again.
  if (end.type === 'refused')
    return { result: failed(revivedError(end.error), 'failed', false), isGood: false, isStale: false }
  if (end.type === 'uncaught')
    return { result: failed(revivedError(end.error), 'failed', true), isGood: false, isStale: false }
  if (signal.aborted)
    return { result: failed(signal.reason, 'cancelled', false), isGood: false, isStale: false }
  const how = { ...end.how, stderr: shown(end.how.stderr).slice(-toldText) }
  const module = home.address.module
  const { error, kind } = lostError(task, how, { runner, timeout, limit, loading, module })
  const verdict = await retryVerdict(task.step, error, task.attempt, signal)
  return {
    result: failed(verdict.error, kind, verdict.retry),
    isGood: false,
    isStale: !hasBegun && how.killed !== 'loading',
  }
}

async function sharedBlob(
  blob: Digest,
  { reader }: AttemptServices,
): Promise<ToChild & { readonly type: 'blob' }> {
  try {
    return { type: 'blob', blob, bytes: await reader.inSharedMemory(blob) }
  } catch (error) {
    return { type: 'blob', blob, error: errorRecord(error) }
  }
}

function peakOf(child: Child): { readonly memory?: number } {
  const memory = child.peak()
  return memory === undefined ? {} : { memory }
}

function ended(
  outcome: ChildOutcome,
  usage: AttemptUsage,
  printed: { readonly log?: string },
  { reader }: AttemptServices,
): AttemptOutcome {
  const blobs = fromSmallBlobs(outcome.small)
  for (const { digest, bytes } of blobs) reader.remember(digest, bytes)
  if (!outcome.ok) {
    const {
      abandoned: _abandoned,
      error,
      small: _small,
      facts = { metrics: {}, params: {} },
      ...others
    } = outcome
    return {
      ...printed,
      ...others,
      facts: { ...facts, usage: withUsage(usage, facts.usage) },
      blobs,
      error: revivedError(error),
    }
  }
  const { small: _small, facts, ...others } = outcome
  return { ...others, facts: { ...printed, ...facts, usage: withUsage(usage, facts.usage) }, blobs }
}
