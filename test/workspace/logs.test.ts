import { setTimeout as sleep } from 'node:timers/promises'
import {
  defineStep,
  definePipeline,
  openWorkspace,
  type LogLine,
  type LogOptions,
  type Workspace,
} from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { toured } from '../flow/tour.ts'
import { deferred, tempFolder, tempWorkspace } from './temp.ts'

async function linesOf(pw: Workspace, run: string, options: LogOptions = {}): Promise<LogLine[]> {
  const lines: LogLine[] = []
  for await (const line of pw.logs(run, options)) lines.push(line)
  return lines
}

const talk = defineStep({
  name: 'talk',
  cache: 'never',
  inputs: { item: z.number() },
  outputs: { item: z.number() },
  retry: { attempts: 2, delay: 1 },
  run: async ({ item }, ctx) => {
    ctx.log.info('begin', { item })
    await sleep(5)
    ctx.metric('loss', 1)
    ctx.log.debug('böse 😀\nzwei')
    if (item === 1 && ctx.attempt === 1) throw new Error('once')
    ctx.log.warn('end')
    return { item }
  },
})

const chat = definePipeline({ name: 'chat', inputs: { items: z.array(z.number()) } }, (p, input) => ({
  items: p.map(input.items, (item, q) => q.step(talk, { item })).item,
}))

describe('logs of a run', () => {
  test('all lines in the order of their times, with attempts, levels and fields; no metrics', async () => {
    const pw = await tempWorkspace()
    const { run } = await pw.run(chat, { items: [0, 1, 2] })
    const lines = await linesOf(pw, run.id)
    expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted((a, b) => a - b))
    const second = lines.filter(({ node }) => node === 'map[1]/talk')
    expect(second.map(({ attempt, level }) => `${attempt} ${level}`)).toEqual([
      '1 info',
      '1 debug',
      '2 info',
      '2 debug',
      '2 warn',
    ])
    expect(second[0]).toMatchObject({ message: 'begin', fields: { item: 1 } })
    expect(second[1]!.message).toBe('böse 😀\nzwei')
    expect((await linesOf(pw, run.id, { level: 'warn' })).map(({ message }) => message)).toEqual([
      'end',
      'end',
      'end',
    ])
    expect(new Set((await linesOf(pw, run.id, { node: 'map[2]/*' })).map(({ node }) => node))).toEqual(
      new Set(['map[2]/talk']),
    )
    await expect(linesOf(pw, 'nothing')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  })

  test('following gives lines while the step runs, from another workspace too, and ends with the run', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    const other = await openWorkspace({ root })
    const gate = deferred()
    const wait = defineStep({
      name: 'wait',
      cache: 'never',
      inputs: {},
      outputs: {},
      run: async (_inputs, ctx) => {
        ctx.log.info('before')
        await gate.promise
        ctx.log.info('after')
        return {}
      },
    })
    const waiting = definePipeline({ name: 'waiting' }, (p) => {
      p.step(wait, {})
      return {}
    })
    const handle = await pw.start(waiting, {})
    const seen: string[] = []
    for await (const { message } of other.logs(handle.id, { follow: true })) {
      seen.push(message)
      if (message === 'before') gate.resolve()
    }
    expect(seen).toEqual(['before', 'after'])
    await handle.result()
    // One that has ended is read to its end.
    expect((await linesOf(other, handle.id, { follow: true })).map(({ message }) => message)).toEqual(seen)
    await other.close()
  })

  test('following ends when its signal is aborted', async () => {
    const pw = await tempWorkspace()
    const gate = deferred()
    const wait = defineStep({
      name: 'wait',
      cache: 'never',
      inputs: {},
      outputs: {},
      run: async (_inputs, ctx) => {
        ctx.log.info('before')
        await gate.promise
        return {}
      },
    })
    const waiting = definePipeline({ name: 'waiting' }, (p) => {
      p.step(wait, {})
      return {}
    })
    const handle = await pw.start(waiting, {})
    const stop = new AbortController()
    for await (const _line of pw.logs(handle.id, { follow: true, signal: stop.signal })) stop.abort()
    gate.resolve()
    await handle.result()
  })

  test('metrics are told as they are reported', async () => {
    const pw = await tempWorkspace()
    const metrics: string[] = []
    await pw.run(
      chat,
      { items: [7] },
      {
        onUpdate: ({ event }) => {
          if (event.type === 'attempt.metric')
            metrics.push(`${event.node} ${event.name} ${event.step} ${event.value}`)
        },
      },
    )
    expect(metrics).toEqual(['map[0]/talk loss 0 1'])
  })
})

test('what was logged while an effect was taken back belongs to its node', async () => {
  const pw = await tempWorkspace()
  const id = await toured(pw, true)
  const wanted = [
    { attempt: 1, message: 'reserving flat' },
    { attempt: 2, message: 'giving flat back' },
  ]
  expect(await linesOf(pw, id, { node: 'flat' })).toMatchObject(wanted)
  expect(await linesOf(pw, id, { node: 'flat', follow: true })).toMatchObject(wanted)
  expect((await linesOf(pw, id)).map(({ node }) => node)).toEqual([
    'flat',
    'flat',
    'on-failure/tell',
    'tidy/tell',
  ])
})
