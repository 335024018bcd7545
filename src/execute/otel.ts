import type { Context, Link, Span as OtelSpan, SpanContext } from '@opentelemetry/api'
import { errorRecord } from './error-record.ts'
import type { NodeSpan, RunSpan, Span, Telemetry } from './telemetry.ts'

type Api = typeof import('@opentelemetry/api')

/** Results as the semantic conventions for CI/CD pipelines name them. */
const results: Readonly<Record<string, string>> = {
  succeeded: 'success',
  reused: 'skip',
  skipped: 'skip',
  failed: 'failure',
  'timed-out': 'timeout',
  cancelled: 'cancellation',
  interrupted: 'error',
  'lost-input': 'error',
}

function errorType(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code === 'string') return code
  return error instanceof Error ? error.name : 'non_error'
}

class ApiSpan implements Span {
  readonly context: Context
  readonly span: OtelSpan
  protected readonly api: Api
  readonly #resultName: string

  constructor(api: Api, span: OtelSpan, parent: Context, resultName: string) {
    this.api = api
    this.span = span
    this.context = api.trace.setSpan(parent, span)
    this.#resultName = resultName
  }

  active<T>(run: () => T): T {
    return this.api.context.with(this.context, run)
  }

  end(outcome: string, error?: unknown): void {
    this.span.setAttribute(this.#resultName, results[outcome] ?? outcome)
    if (error !== undefined) {
      this.span.setAttribute('error.type', errorType(error))
      if (error instanceof Error) this.span.recordException(error)
      this.span.setStatus({
        code: this.api.SpanStatusCode.ERROR,
        message: errorRecord(error).message,
      })
    }
    this.span.end()
  }
}

/**
 * Telemetry through the OpenTelemetry API alone: what the application's SDK makes of it is its own business.
 * Without an SDK all of this is a few no-op calls. Undefined where the API package is not installed.
 */
export async function openTelemetry(): Promise<Telemetry | undefined> {
  const api = await import('@opentelemetry/api').catch(() => undefined)
  return api === undefined ? undefined : telemetryOf(api)
}

function telemetryOf(api: Api): Telemetry {
  const tracer = api.trace.getTracer('pipewright')
  const meter = api.metrics.getMeter('pipewright')
  const runDuration = meter.createHistogram('cicd.pipeline.run.duration', {
    unit: 's',
    description: 'Duration of a run',
  })
  const activeRuns = meter.createUpDownCounter('cicd.pipeline.run.active', {
    unit: '{run}',
    description: 'Runs that are being driven',
  })
  const runErrors = meter.createCounter('cicd.pipeline.run.errors', {
    unit: '{error}',
    description: 'Runs that did not succeed',
  })
  const attemptDuration = meter.createHistogram('pipewright.attempt.duration', {
    unit: 's',
    description: 'Duration of an attempt of a step',
  })
  const lookups = meter.createCounter('pipewright.cache.lookups', {
    unit: '{lookup}',
    description: 'Cache look-ups, by hit or miss',
  })

  class AttemptSpan extends ApiSpan {
    readonly #startedAt = performance.now()
    readonly #step: string

    constructor(span: OtelSpan, parent: Context, step: string) {
      super(api, span, parent, 'cicd.pipeline.task.run.result')
      this.#step = step
    }

    override end(outcome: string, error?: unknown): void {
      super.end(outcome, error)
      const attributes = {
        'cicd.pipeline.task.name': this.#step,
        'cicd.pipeline.task.run.result': results[outcome] ?? outcome,
      }
      attemptDuration.record((performance.now() - this.#startedAt) / 1000, attributes)
    }
  }

  class TaskSpan extends ApiSpan implements NodeSpan {
    readonly #step: string

    constructor(span: OtelSpan, parent: Context, step: string) {
      super(api, span, parent, 'cicd.pipeline.task.run.result')
      this.#step = step
    }

    attempt(number: number): Span {
      const span = tracer.startSpan(
        `${this.#step} attempt`,
        { attributes: { 'pipewright.attempt.number': number } },
        this.context,
      )
      return new AttemptSpan(span, this.context, this.#step)
    }
  }

  class PipelineSpan extends ApiSpan implements RunSpan {
    readonly #startedAt = performance.now()
    readonly #pipeline: string
    readonly #id: string
    /** Span contexts by node, for the links of a fan-in; kept only while something records. */
    readonly #contexts = new Map<string, SpanContext>()

    constructor(span: OtelSpan, parent: Context, pipeline: string, id: string) {
      super(api, span, parent, 'cicd.pipeline.result')
      this.#pipeline = pipeline
      this.#id = id
      activeRuns.add(1, { 'cicd.pipeline.name': pipeline })
    }

    node(path: string, step: string | null, sources: readonly string[]): NodeSpan {
      const name = step ?? path
      const scope = path.slice(0, path.lastIndexOf('/') + 1)
      const links: Link[] = []
      for (const source of sources) {
        const context = this.#contexts.get(scope + source)
        if (context !== undefined) links.push({ context })
      }
      const attributes = {
        'cicd.pipeline.task.name': name,
        'cicd.pipeline.task.run.id': `${this.#id}/${path}`,
        'pipewright.node': path,
      }
      const span = tracer.startSpan(name, { attributes, links }, this.context)
      if (span.isRecording()) this.#contexts.set(path, span.spanContext())
      return new TaskSpan(span, this.context, name)
    }

    cache(hit: boolean): void {
      lookups.add(1, { 'pipewright.cache.hit': hit })
    }

    override end(outcome: string, error?: unknown): void {
      super.end(outcome, error)
      const name = { 'cicd.pipeline.name': this.#pipeline }
      activeRuns.add(-1, name)
      runDuration.record((performance.now() - this.#startedAt) / 1000, {
        ...name,
        'cicd.pipeline.result': results[outcome] ?? outcome,
      })
      if (outcome !== 'succeeded')
        runErrors.add(1, { ...name, 'error.type': error === undefined ? outcome : errorType(error) })
    }
  }

  return {
    run(pipeline, id) {
      const parent = api.context.active()
      const attributes = { 'cicd.pipeline.name': pipeline, 'cicd.pipeline.run.id': id }
      return new PipelineSpan(
        tracer.startSpan(`run ${pipeline}`, { attributes }, parent),
        parent,
        pipeline,
        id,
      )
    },
  }
}
