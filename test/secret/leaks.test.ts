import { join } from 'node:path'
import { inspect } from 'node:util'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { RunFailedError, type RunUpdate } from 'pipewright'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { writeReport } from '../../src/report-page/index.ts'
import { tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { leaks, writings } from './programs/leaks.ts'
import { leaked, traces, tracesIn } from './traces.ts'

const spans = new InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
afterAll(() => {
  trace.disable()
  context.disable()
})

beforeEach(() => {
  vi.stubEnv('LEAKED_TOKEN', leaked)
  spans.reset()
})
afterEach(() => vi.unstubAllEnvs())

test('the needles are found where nothing is redacted', () => {
  for (const [way, write] of Object.entries(writings)) expect(traces(write(leaked)), way).not.toEqual([])
})

test('nothing that a run writes, tells or throws has the secret, in any writing', async () => {
  const root = await tempFolder()
  const out = await tempFolder()
  const pw = await tempWorkspace({ root })
  const updates: RunUpdate[] = []
  const printed: string[] = []
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((piece) => printed.push(String(piece)) > 0),
  )
  const options = {
    failure: 'continue',
    captureConsole: true,
    onUpdate: (update: RunUpdate) => updates.push(update),
  } as const
  const error = await pw.run(leaks, {}, options).then(
    () => undefined,
    (thrown: unknown) => thrown as RunFailedError,
  )
  for (const spy of spies) spy.mockRestore()
  expect(error).toBeInstanceOf(RunFailedError)
  const run = error!.run

  // What is told.
  expect(updates.filter(({ event }) => event.type === 'attempt.log').length).toBeGreaterThan(300)
  expect(traces(updates.map((update) => inspect(update, { depth: 20 })).join('\n'))).toEqual([])
  expect(traces(JSON.stringify(updates))).toEqual([])
  expect(traces(printed.join(''))).toEqual([])
  // What is thrown, with all of its properties.
  expect(traces(inspect(error, { depth: 20, showHidden: true }))).toEqual([])
  const causes = error!.failures.map(({ cause }) => cause as Error & { config?: unknown })
  expect(causes.some((cause) => cause.name === 'HttpError' && cause.config !== undefined)).toBe(true)
  // What is asked for.
  const detail = await pw.show(run)
  expect(traces(JSON.stringify(detail))).toEqual([])
  const lines: string[] = []
  for await (const line of pw.logs(run)) lines.push(line.message)
  expect(traces(lines.join(''))).toEqual([])
  expect(lines.join('').split('[secret LEAKED_TOKEN]').length).toBeGreaterThan(60)
  // What is exported: spans, the page, a bundle.
  const told = spans
    .getFinishedSpans()
    .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
  expect(told.filter(({ events }) => events.length > 0).length).toBeGreaterThan(5)
  expect(traces(JSON.stringify(told))).toEqual([])
  await writeReport(pw, run, join(out, 'run.html'))
  await pw.exportRun(run, join(out, 'bundle'))
  expect(await tracesIn(out)).toEqual([])
  // What is in the folder, while the database is open: with its log.
  expect(await tracesIn(root)).toEqual([])
  await pw.close()
  expect(await tracesIn(root)).toEqual([])

  // What would have been stored was refused, by name and path.
  const states = Object.fromEntries(
    detail.executions.map(({ node, state, error: own }) => [node, own ?? state]),
  )
  expect(states['talk']).toBe('succeeded')
  for (const way of Object.keys(writings)) {
    for (const [kind, where] of [
      ['json', `output 'json': .rows[1].value holds`],
      ['metrics', `output 'metrics': .text holds`],
      ['list', `output 'list': item 0: the value holds`],
      ['report', "output 'report': "],
      ['shown', 'ctx.report: '],
    ] as const) {
      expect(states[`give-${kind}-${way}`]).toMatchObject({
        code: 'SECRET_EXPOSED',
        message: expect.stringContaining(`step 'give' (node 'give-${kind}-${way}'), ${where}`) as string,
      })
    }
  }
})
