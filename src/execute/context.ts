import { placed } from './error-record.ts'
import { mkdirSync, rmSync } from 'node:fs'
import { chmod, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { format } from 'node:util'
import { canonicalJson } from '../internal/canonical.ts'
import type { Clock } from '../internal/clock.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import type { Report } from '../artifact/report.ts'
import type { Schema } from '../artifact/schema.ts'
import type { Checkpoint, Logger, OnceCall, StepContext } from '../define/context.ts'
import type { MetricSummary } from '../record/event.ts'
import { refuseExposed } from '../secret/exposure.ts'
import { RedactedLines } from '../secret/redacted-lines.ts'
import { redactedValue } from '../secret/redacted-value.ts'
import type { StepSecrets } from '../secret/step-secrets.ts'
import type { TieredReader } from './blobs.ts'
import { Checkpoints } from './checkpoints.ts'
import { cappedMessage, type LogSegment } from './log.ts'
import type { ExecutionMemory } from './memory.ts'
import { OnceCalls } from './once.ts'
import { seededRandom } from './random.ts'

/** What an attempt's context is made from. */
export interface ContextRequest {
  readonly step: string
  readonly node: string
  readonly attempt: number
  readonly run: { readonly id: string; readonly pipeline: string }
  readonly idempotencyKey: string
  readonly seed: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly signal: AbortSignal
  readonly workdir: string
  readonly log: LogSegment
  readonly secrets: StepSecrets
  readonly memory: ExecutionMemory
  /** Where checkpoints are written and read. */
  readonly store: ArtifactStore
  readonly reader: TieredReader
  readonly clock: Clock
  /** Opens what the settings declare under a name. */
  readonly serviceOf: (name: string) => Promise<unknown>
  readonly onProgress: (done: number, total: number) => void
  readonly onLog: (
    level: LogLevel,
    message: string,
    fields: Readonly<Record<string, unknown>> | undefined,
  ) => void
  readonly onMetric?: ((name: string, value: number, step: number) => void) | undefined
}

/** How important a log line is. */
export type LogLevel = keyof Logger

interface Series {
  last: number
  min: number
  max: number
  count: number
}

/** The context of one attempt; after {@link AttemptContext.end} every member throws `STEP_ABANDONED`. */
export class AttemptContext implements StepContext {
  readonly log: Logger
  readonly metrics = new Map<string, Series>()
  readonly params: Record<string, Json> = {}
  readonly reports: Report[] = []
  /** Members that tie the result to this execution and that the step has read. */
  readonly volatile = new Set<string>()
  readonly #request: ContextRequest
  readonly #lines: RedactedLines
  readonly #calls: OnceCalls
  readonly #checkpoints: Checkpoints
  #random: (() => number) | undefined
  #madeWorkdir = false
  #ended = false

  constructor(request: ContextRequest) {
    this.#request = request
    const { redactor } = request.secrets
    this.#lines = new RedactedLines(redactor)
    const write = (level: LogLevel) => (message: string, given?: Readonly<Record<string, unknown>>) => {
      this.#alive()
      const at = request.clock.now()
      const fields = redactedValue(given, redactor)
      // JavaScript may log anything.
      this.#lines.write(format(message), (line) => {
        const text = cappedMessage(line)
        request.log.write({ at, level, message: text, ...(fields === undefined ? {} : { fields }) })
        request.onLog(level, text, fields)
      })
    }
    this.log = Object.freeze({
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    })
    const { step, node, memory, idempotencyKey, signal, store, reader } = request
    const owner = `step '${step}' (node '${node}')`
    const ensureAlive = (): void => this.#alive()
    this.#calls = new OnceCalls({ owner, memory, redactor, idempotencyKey, signal, ensureAlive })
    const warn = (message: string): void => this.log.warn(message)
    this.#checkpoints = new Checkpoints({ owner, memory, redactor, store, reader, ensureAlive, warn })
  }

  get signal(): AbortSignal {
    return this.#request.signal
  }

  get attempt(): number {
    return this.#read('attempt')
  }

  get run(): ContextRequest['run'] {
    return this.#read('run')
  }

  get node(): string {
    return this.#read('node')
  }

  get idempotencyKey(): string {
    return this.#read('idempotencyKey')
  }

  get now(): () => Date {
    const startedAt = this.#read('startedAt', 'now')
    return () => new Date(startedAt)
  }

  get random(): () => number {
    this.#alive()
    return (this.#random ??= seededRandom(this.#request.seed))
  }

  get workdir(): string {
    this.#alive()
    if (!this.#madeWorkdir) {
      // An attempt that died before its start was recorded had the same number, and may have left something.
      rmSync(this.#request.workdir, { recursive: true, force: true })
      mkdirSync(this.#request.workdir, { recursive: true })
    }
    this.#madeWorkdir = true
    return this.#request.workdir
  }

  /** Whether the attempt is over. */
  get ended(): boolean {
    return this.#ended
  }

  metric(given: string, value: number, options: { readonly step?: number } = {}): void {
    this.#alive()
    const name = this.shown(given)
    if (typeof value !== 'number') {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `step '${this.#request.step}': metric '${name}' is a ${typeof value}, not a number`,
        { fix: 'give a number; ctx.param takes other values' },
      )
    }
    refuseExposed(value, this.#request.secrets.redactor, `step '${this.#request.step}', metric '${name}'`)
    const series = this.metrics.get(name)
    const step = options.step ?? series?.count ?? 0
    if (series === undefined) this.metrics.set(name, { last: value, min: value, max: value, count: 1 })
    else {
      series.last = value
      series.min = Math.min(series.min, value)
      series.max = Math.max(series.max, value)
      series.count++
    }
    this.#request.log.write({
      at: this.#request.clock.now(),
      metric: name,
      value: Number.isFinite(value) ? value : String(value),
      step,
    })
    this.#request.onMetric?.(name, value, step)
  }

  param(given: string, value: Json): void {
    this.#alive()
    const name = this.shown(given)
    let data: Json
    try {
      data = JSON.parse(canonicalJson(value)) as Json
    } catch (error) {
      throw new PipewrightError(
        'VALUE_NOT_STORABLE',
        `step '${this.#request.step}': parameter '${name}' cannot be recorded: ${(error as Error).message}`,
        { cause: error },
      )
    }
    refuseExposed(data, this.#request.secrets.redactor, `step '${this.#request.step}', parameter '${name}'`)
    this.params[name] = data
  }

  async secret(name: string): Promise<string> {
    this.#alive()
    this.volatile.add('secret')
    return this.#request.secrets.value(name)
  }

  progress(done: number, total = 1): void {
    this.#alive()
    const { redactor } = this.#request.secrets
    this.#request.onProgress(redactedValue(done, redactor), redactedValue(total, redactor))
  }

  report(report: Report): void {
    this.#alive()
    this.reports.push(report)
  }

  /** Whether there are metrics or parameters. */
  get hasReported(): boolean {
    return this.metrics.size > 0 || Object.keys(this.params).length > 0
  }

  async once<T>(key: string, run: (call: OnceCall) => T | Promise<T>): Promise<T> {
    this.#alive()
    return (await this.#calls.call(key, run)) as T
  }

  async checkpoint(value: Checkpoint): Promise<void> {
    this.#alive()
    await this.#checkpoints.save(value)
  }

  async restored(schema?: Schema): Promise<never> {
    this.#alive()
    return (await this.#checkpoints.latest(schema)) as never
  }

  async service(asked: string | { readonly name: string }): Promise<never> {
    this.#alive()
    this.volatile.add('service')
    const { serviceOf, step, node } = this.#request
    try {
      return (await serviceOf(typeof asked === 'string' ? asked : asked.name)) as never
    } catch (error) {
      throw placed(error, `step '${step}' (node '${node}')`, { step, node })
    }
  }

  /** A text without the secrets of the run. */
  shown(text: string): string {
    return this.#request.secrets.redactor.text(text)
  }

  /** Lets go of log lines that wait for the next one. */
  settleLog(): void {
    this.#lines.flush()
  }

  /** The summaries of the recorded metrics. */
  summaries(): Record<string, MetricSummary> {
    return Object.fromEntries([...this.metrics].map(([name, series]) => [name, { ...series }]))
  }

  /**
   * Makes the context useless: the attempt is over, or was given up while something still runs. Resolves when its
   * folder is gone, as far as it can be removed: what is left there takes nothing from a success.
   */
  async end(running?: Promise<unknown>): Promise<void> {
    this.#ended = true
    await running?.catch(() => undefined)
    if (this.#madeWorkdir) await removeFolder(this.#request.workdir).catch(() => undefined)
  }

  #alive(): void {
    if (this.#ended) {
      throw new PipewrightError(
        'STEP_ABANDONED',
        `step '${this.#request.step}' went on after its attempt ${this.#request.attempt} had ended`,
        {
          fix: 'react to ctx.signal, and await everything that the step starts',
        },
      )
    }
  }

  #read<K extends 'attempt' | 'run' | 'node' | 'idempotencyKey' | 'startedAt'>(
    name: K,
    label: string = name,
  ): ContextRequest[K] {
    this.#alive()
    this.volatile.add(label)
    return this.#request[name]
  }
}

/** Removes a folder, also one in which a step has taken rights away (a module cache does). */
async function removeFolder(path: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 2 }
  try {
    await rm(path, options)
  } catch {
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    for (const entry of entries)
      if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o700)
    await rm(path, options)
  }
}
