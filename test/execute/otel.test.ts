import { context, metrics, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'
import { definePipeline, defineStep } from 'pipewright'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { tempWorkspace } from '../workspace/temp.ts'

// A real SDK, as an application would install it, before a workspace is opened.
const spans = new InMemorySpanExporter()
const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const reader = new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 3_600_000 })
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }))

beforeEach(() => spans.reset())

afterAll(() => {
  trace.disable()
  metrics.disable()
  context.disable()
})

const one = defineStep({
  name: 'one',
  version: '1',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: ({ n }) => {
    trace.getTracer('user').startSpan('inside').end()
    return { n }
  },
})

const join = defineStep({
  name: 'join',
  version: '1',
  inputs: { a: z.number(), b: z.number() },
  outputs: { n: z.number() },
  run: ({ a, b }) => ({ n: a + b }),
})

const fan = definePipeline({ name: 'fan' }, (p) => {
  const a = p.step(one, { n: 1 }, { id: 'a' })
  const b = p.step(one, { n: 2 }, { id: 'b' })
  return { n: p.step(join, { a: a.n, b: b.n }).n }
})

const byName = (name: string): ReadableSpan[] => spans.getFinishedSpans().filter((span) => span.name === name)
const attributeOf = (span: ReadableSpan | undefined, name: string): unknown => span?.attributes[name]

describe('OpenTelemetry, through the API alone', () => {
  test('run, node and attempt are nested spans; a step’s own spans are inside; a fan-in is linked', async () => {
    const pw = await tempWorkspace()
    const { run } = await pw.run(fan, {})
    const [root] = byName('run fan')
    expect(root?.attributes).toMatchObject({
      'cicd.pipeline.name': 'fan',
      'cicd.pipeline.run.id': run.id,
      'cicd.pipeline.result': 'success',
    })
    const nodes = byName('one')
    expect(nodes).toHaveLength(2)
    for (const node of nodes) expect(node.parentSpanContext?.spanId).toBe(root?.spanContext().spanId)
    const [attempt] = byName('one attempt')
    expect(nodes.map((node) => node.spanContext().spanId)).toContain(attempt?.parentSpanContext?.spanId)
    expect(byName('inside')[0]?.parentSpanContext?.spanId).toBe(attempt?.spanContext().spanId)
    const [joined] = byName('join')
    expect(joined?.links.map((link) => link.context.spanId).toSorted()).toEqual(
      nodes.map((node) => node.spanContext().spanId).toSorted(),
    )
  })

  test('a reused node is skipped work, a failed one an error', async () => {
    const pw = await tempWorkspace()
    await pw.run(fan, {})
    spans.reset()
    await pw.run(fan, {})
    expect(byName('join').map((span) => attributeOf(span, 'cicd.pipeline.task.run.result'))).toEqual(['skip'])
    expect(byName('join attempt')).toEqual([])
    const broken = defineStep({
      name: 'broken',
      version: '1',
      run: () => {
        throw new TypeError('no')
      },
    })
    await pw
      .run(
        definePipeline({ name: 'breaks' }, (p) => p.step(broken, {})),
        {},
      )
      .catch(() => undefined)
    const [failed] = byName('broken')
    expect(failed?.status.code).toBe(SpanStatusCode.ERROR)
    expect(attributeOf(failed, 'error.type')).toBe('TypeError')
    expect(attributeOf(byName('run breaks')[0], 'cicd.pipeline.result')).toBe('failure')
  })

  test('durations, active runs, errors and cache look-ups are measured', async () => {
    const pw = await tempWorkspace()
    await pw.run(fan, {})
    await reader.forceFlush()
    const names = points
      .getMetrics()
      .flatMap((batch) =>
        batch.scopeMetrics.flatMap((scope) => scope.metrics.map(({ descriptor }) => descriptor.name)),
      )
    expect([...new Set(names)].toSorted()).toEqual([
      'cicd.pipeline.run.active',
      'cicd.pipeline.run.duration',
      'cicd.pipeline.run.errors',
      'pipewright.attempt.duration',
      'pipewright.cache.lookups',
    ])
  })
})
