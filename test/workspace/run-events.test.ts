import { definePipeline, defineStep, openWorkspace, type SeenEvent } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { deferred, tempFolder, tempWorkspace } from './temp.ts'

function waiting() {
  const [begun, go] = [deferred<void>(), deferred<void>()]
  const step = defineStep({
    name: 'step',
    version: '1',
    cache: 'never',
    outputs: { n: z.number() },
    run: async (_inputs, ctx) => {
      ctx.log.info('begun')
      ctx.progress(1, 2)
      begun.resolve()
      await go.promise
      return { n: 1 }
    },
  })
  return { pipeline: definePipeline({ name: 'waiting' }, (p) => ({ n: p.step(step, {}).n })), begun, go }
}

async function collect(events: AsyncIterable<SeenEvent>): Promise<SeenEvent[]> {
  const all: SeenEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

test('the recorded events of a run, and those after a place', async () => {
  const pw = await tempWorkspace()
  const { pipeline, go } = waiting()
  go.resolve()
  const { run } = await pw.run(pipeline, {})
  const all = await collect(pw.events(run.id))
  const types = all.map(({ event }) => event.type)
  expect(types[0]).toBe('run.started')
  expect(types.at(-1)).toBe('run.finished')
  expect(all.every(({ seq }) => seq !== undefined)).toBe(true)
  expect(await collect(pw.events(run.id, { after: all[1]!.seq! }))).toEqual(all.slice(2))
  expect(await collect(pw.events(run.id, { follow: true }))).toEqual(all)
  await expect(collect(pw.events('nothing'))).rejects.toThrow("there is no run 'nothing'")
})

test('following tells of progress and log lines here, and ends with the run wherever it is driven', async () => {
  const root = await tempFolder()
  const pw = await tempWorkspace({ root })
  const { pipeline, begun, go } = waiting()
  const handle = await pw.start(pipeline, {})
  const here = collect(pw.events(handle.id, { follow: true }))
  // As another process sees it.
  await using other = await openWorkspace({ root })
  const there = collect(other.events(handle.id, { follow: true }))
  await begun.promise
  go.resolve()
  await handle.result()
  const seen = (await here).map(({ event }) => event.type)
  expect(seen).toContain('attempt.progress')
  expect(seen).toContain('attempt.log')
  const recorded = await collect(pw.events(handle.id))
  expect((await here).filter(({ seq }) => seq !== undefined)).toEqual(recorded)
  expect(await there).toEqual(recorded)
})

test('following ends with its signal', async () => {
  const pw = await tempWorkspace()
  const { pipeline, begun, go } = waiting()
  const handle = await pw.start(pipeline, {})
  await begun.promise
  const stop = new AbortController()
  const events = collect(pw.events(handle.id, { follow: true, signal: stop.signal }))
  stop.abort(new Error('enough'))
  await expect(events).rejects.toThrow('enough')
  go.resolve()
  await handle.result()
})

test('an attempt is told of before what it reports, however early that is', async () => {
  const pw = await tempWorkspace()
  const { pipeline, go } = waiting()
  go.resolve()
  const handle = await pw.start(pipeline, {})
  const types: string[] = []
  for await (const { event } of handle.events()) types.push(event.type)
  expect(types.filter((type) => type.startsWith('attempt.'))).toEqual([
    'attempt.started',
    'attempt.log',
    'attempt.progress',
  ])
})
