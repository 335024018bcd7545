import { join } from 'node:path'
import { inspect } from 'node:util'
import type { Clock } from '../internal/clock.ts'
import { PipewrightError } from '../internal/error.ts'
import { own } from '../internal/own.ts'
import type { Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore, BlobWriter } from '../artifact/blob.ts'
import type { AnyPredictor } from '../artifact/predictor.ts'
import { report } from '../artifact/report.ts'
import type { AnyStep, RunnerName } from '../define/step.ts'
import type { StepDeclaration } from '../plan/document.ts'
import type { AttemptEnd, AttemptFacts, ExecutionFacts, MetricSummary, Values } from '../record/event.ts'
import { guardedBlobs } from '../secret/exposure.ts'
import { redactedValue } from '../secret/redacted-value.ts'
import { StepSecrets } from '../secret/step-secrets.ts'
import type { WorkspaceSecrets } from '../secret/workspace-secrets.ts'
import { unlessAborted } from './abortable.ts'
import { CommitWriter, type PendingBlob, type TieredReader } from './blobs.ts'
import { captured, type CaptureSink } from './capture.ts'
import { AttemptLimit } from './attempt-limit.ts'
import type { StepHome } from './child/step-home.ts'
import { AttemptContext, type LogLevel } from './context.ts'
import { decodeInputs, encodeOutputs } from './io.ts'
import type { JsonValues } from './json-values.ts'
import { placed } from './error-record.ts'
import { lastingOutputs } from './lasting.ts'
import { LogSegment } from './log.ts'
import type { ExecutionMemory } from './memory.ts'
import { OutsideWork, tieOutsideWork } from './outside-work.ts'
import { PrintedLines } from './printed-lines.ts'
import { isRetryable } from './retry.ts'
import type { Runner } from './runner.ts'
import { SourceReads } from './source-reads.ts'

/** What attempts need of the workspace. */
export interface AttemptServices {
  /** The folder of the project. */
  readonly project: string
  /** The folder of the workspace. */
  readonly root: string
  readonly store: ArtifactStore
  readonly reader: TieredReader
  readonly json: JsonValues
  readonly runner: Runner
  readonly clock: Clock
  readonly ports: Readonly<Record<string, unknown>>
  readonly predictorDigest: (predictor: AnyPredictor) => Promise<Digest>
  /** Opens what the settings declare under a name, once in this process. */
  readonly serviceOf: (name: string) => Promise<unknown>
  readonly secrets: WorkspaceSecrets
}

/** One try of one node. */
export interface AttemptTask {
  readonly run: { readonly id: string; readonly pipeline: string }
  readonly node: string
  /** A name for files of this attempt that any file system takes. */
  readonly fileName: string
  readonly step: AnyStep
  readonly declaration: StepDeclaration
  readonly values: Values
  readonly attempt: number
  readonly startedAt: number
  readonly idempotencyKey: string
  readonly seed: string
  /** Where another thread or process finds the step; absent where none does. */
  readonly home?: StepHome
  /** Where the run wants its steps, whatever they say. */
  readonly runner?: RunnerName
  /** The most memory that it may take, in bytes, where that is bounded. */
  readonly memoryLimit?: number
  /** What earlier attempts have left, and later ones are to find. */
  readonly memory: ExecutionMemory
  /** Aborted from outside: the run is cancelled, or is past its time. */
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
  readonly onLog: (
    level: LogLevel,
    message: string,
    fields: Readonly<Record<string, unknown>> | undefined,
  ) => void
  readonly onMetric?: (name: string, value: number, step: number) => void
}

/** How an attempt ended. */
export type AttemptOutcome =
  | {
      readonly ok: true
      readonly outputs: Values
      readonly facts: ExecutionFacts
      readonly blobs: readonly PendingBlob[]
      /** Members of the context that tie the result to this execution. */
      readonly volatile: readonly string[]
      /** Why they are not cached, whatever the step says. */
      readonly uncached?: string
    }
  | {
      readonly ok: false
      readonly end: AttemptEnd
      readonly error: unknown
      readonly retryable: boolean
      readonly log?: string
      /** Absent where it has reported nothing. */
      readonly facts?: AttemptFacts
      /** Those of its reports. */
      readonly blobs?: readonly PendingBlob[]
      /** Settles when a function that ignores its signal has come to an end. */
      readonly abandoned?: Promise<void>
    }

const defaultGrace = 5_000

/** Resolves inputs, runs the function, stores the outputs: the same routine wherever a step runs. */
export async function attemptStep(task: AttemptTask, services: AttemptServices): Promise<AttemptOutcome> {
  const { step, declaration, attempt } = task
  const owner = `step '${step.name}' (node '${task.node}')`
  const log = new LogSegment(services.root, join('logs', task.run.id, `${task.fileName}-${attempt}.ndjson`))
  const { timeout, grace = defaultGrace } = declaration
  const limit = new AttemptLimit(task.signal, { timeout, grace, owner, clock: services.clock })
  const secrets = new StepSecrets(services.secrets.of(task.run.id), step.options.secrets, owner)
  const context = new AttemptContext({
    step: step.name,
    node: task.node,
    attempt,
    run: task.run,
    idempotencyKey: task.idempotencyKey,
    seed: task.seed,
    startedAt: task.startedAt,
    signal: limit.signal,
    workdir: join(services.root, 'work', task.run.id, `${task.fileName}-${attempt}`),
    log,
    secrets,
    memory: task.memory,
    store: services.store,
    reader: services.reader,
    clock: services.clock,
    serviceOf: services.serviceOf,
    onProgress: task.onProgress,
    onLog: task.onLog,
    onMetric: task.onMetric,
  })
  const outside = new OutsideWork(task.memoryLimit)
  tieOutsideWork(context, outside)
  const workdir = (): Promise<string> => Promise.resolve(context.workdir)
  const { predictorDigest } = services
  const sources = new SourceReads(services.reader)
  const blobs = new CommitWriter(services.store, services.reader)
  const data = guardedBlobs(blobs, secrets.redactor)
  const encode = { blobs, data, workdir, predictorDigest, project: services.project }
  const sink = captureSink(context, limit, owner)
  const produce = async (): Promise<Values> => {
    await secrets.load()
    limit.throwIfAborted()
    const inputs = await decodeInputs(step.inputs, task.values, owner, {
      blobs: sources,
      json: services.json,
      workdir,
      predictorDigest,
    })
    limit.throwIfAborted()
    const returned = await services.runner.run({ step, inputs, context, ports: services.ports })
    // Rows and streams that the function returns are its work too: they count for its time, and print as it does.
    return encodeOutputs(step, returned, owner, encode, limit.signal)
  }
  const storedReports = async (written: BlobWriter): Promise<Artifact[]> => {
    const reports: Artifact[] = []
    // A copy: a function that was given up may go on to report.
    for (const one of context.reports.slice()) {
      const stored = report().encode(one, { ...encode, blobs: written })
      reports.push(
        await stored.catch((error: unknown) => {
          throw placed(error, `${owner}, ctx.report`, {})
        }),
      )
    }
    return reports
  }
  const work = async (): Promise<AttemptOutcome> => {
    const outputs = await limit.race(() => captured(sink, produce))
    await sources.check().catch((error: unknown) => {
      throw placed(error, owner, {})
    })
    const reports = await storedReports(data)
    sink.end()
    await log.close()
    await blobs.refresh()
    const lasting = await lastingOutputs(step, outputs, services.json)
    const facts: ExecutionFacts = {
      metrics: withOutputs(context.summaries(), outputs),
      params: context.params,
      reports,
      ...(lasting.length === 0 ? {} : { lasting }),
      ...(outside.usage === undefined ? {} : { usage: outside.usage }),
      ...(log.name === undefined ? {} : { log: log.name }),
    }
    return { ok: true, outputs, facts, blobs: blobs.pending, volatile: [...context.volatile] }
  }
  try {
    const outcome = await work()
    await context.end()
    return outcome
  } catch (thrown) {
    const { end, error } = limit.verdict(thrown)
    const verdict = await retryVerdict(step, error, attempt, task.signal)
    const running = limit.unsettled()
    // Outputs that were written before it failed are nothing that is kept.
    const left = new CommitWriter(services.store, services.reader)
    const reports = await storedReports(guardedBlobs(left, secrets.redactor)).catch((problem: unknown) => {
      context.log.warn(`its reports are not kept: ${(problem as Error).message}`)
      return []
    })
    sink.end()
    const ended = context.end(running)
    if (running === undefined) await ended
    await log.close()
    const { usage } = outside
    const facts: AttemptFacts = {
      metrics: context.summaries(),
      params: context.params,
      ...(reports.length === 0 ? {} : { reports }),
      ...(usage === undefined ? {} : { usage }),
    }
    return {
      ok: false,
      end,
      error: redactedValue(verdict.error, secrets.redactor),
      retryable: verdict.retry,
      ...(log.name === undefined ? {} : { log: log.name }),
      ...(context.hasReported || usage !== undefined || reports.length > 0
        ? { facts, blobs: left.pending }
        : {}),
      ...(running === undefined ? {} : { abandoned: ended }),
    }
  } finally {
    limit.clear()
  }
}

/** Where to put what a step prints and forgets to await; once its attempt is over that is nobody's. */
function captureSink(
  context: AttemptContext,
  limit: AttemptLimit,
  owner: string,
): CaptureSink & { readonly end: () => void } {
  const printed = {
    stdout: new PrintedLines((line) => context.log.info(line)),
    stderr: new PrintedLines((line) => context.log.warn(line)),
  }
  return {
    log: (level, message) => {
      if (context.ended) return false
      context.log[level](message)
      return true
    },
    print: (stream, piece) => {
      if (context.ended) return false
      printed[stream].write(piece)
      return true
    },
    shown: (text) => context.shown(text),
    unhandled: (reason) => {
      if (!context.ended) return limit.fail(reason)
      const told = context.shown(inspect(reason, { depth: 1 }))
      process.emitWarning(`${owner} left a promise behind that was rejected after its end: ${told}`, {
        code: 'PIPEWRIGHT_STEP_ABANDONED',
        detail: 'await everything that the step starts',
      })
    },
    end: () => {
      for (const lines of Object.values(printed)) lines.end()
      context.settleLog()
    },
  }
}

/** The metrics that a step has reported, with those that it returns: these end a series of the same name. */
function withOutputs(
  reported: Readonly<Record<string, MetricSummary>>,
  outputs: Values,
): Record<string, MetricSummary> {
  const metrics: Record<string, MetricSummary> = { ...reported }
  for (const value of Object.values(outputs)) {
    if (!('artifact' in value) || value.artifact.kind !== 'metrics') continue
    for (const [name, last] of Object.entries(value.artifact.meta ?? {})) {
      if (typeof last !== 'number') continue
      const { min, max, count } = own(reported, name) ?? { min: last, max: last, count: 1 }
      metrics[name] = { last, min: Math.min(min, last), max: Math.max(max, last), count }
    }
  }
  return metrics
}

/** Whether an error is worth another try, as the step says. */
export async function retryVerdict(
  step: AnyStep,
  error: unknown,
  attempt: number,
  signal: AbortSignal,
): Promise<{ retry: boolean; error: unknown }> {
  const { retryIf } = step.options.retry ?? {}
  if (!isRetryable(error) || retryIf === undefined) return { retry: isRetryable(error), error }
  try {
    const asked = await unlessAborted(Promise.resolve(retryIf(error, attempt)), signal)
    return { retry: asked === true, error }
  } catch (thrown) {
    return {
      retry: false,
      error: new PipewrightError(
        'STEP_FAILED',
        `step '${step.name}': retryIf itself threw while it judged an error: ${inspect(thrown, { depth: 1 })}`,
        { cause: error },
      ),
    }
  }
}
