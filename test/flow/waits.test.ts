import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePipeline, openWorkspace, type RunHandle, type Workspace } from '../../src/index.ts'
import { testPipeline } from '../../src/testing/index.ts'
import { tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { add } from './support.ts'

/** Resolves when a run waits and has nothing else to do. */
async function waiting(pw: Workspace, { id }: Pick<RunHandle<unknown>, 'id'>): Promise<void> {
  for (;;) {
    if ((await pw.show(id)).state === 'waiting') return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const Traffic = z.object({ traffic: z.number().max(1) })

const release = definePipeline({ name: 'release', inputs: { n: z.number() } }, (p, input) => {
  const trained = p.step(add, { n: input.n })
  const go = p.approve({
    id: 'go-live',
    message: 'Deploy it?',
    show: { n: trained.n },
    by: ['ada', 'role:lead'],
    payload: Traffic,
  })
  const deployed = p.step(add, { n: trained.n, by: 10 }, { id: 'deploy', after: [go] })
  return { n: deployed.n, share: p.pick(go.payload, 'traffic'), by: go.by, reason: go.reason }
})

describe('p.approve', () => {
  test('waits until somebody decides, and tells who, why and with what', async () => {
    const pw = await tempWorkspace()
    const handle = await pw.start(release, { n: 1 })
    await waiting(pw, handle)
    expect(await pw.waits(handle.id)).toEqual([
      {
        node: 'go-live',
        on: 'approval',
        since: expect.any(Number),
        until: null,
        message: 'Deploy it?',
        by: ['ada', 'role:lead'],
        show: { n: expect.objectContaining({ artifact: expect.anything() }) },
      },
    ])
    const states = (await pw.show(handle.id)).executions.map(({ node, state }) => [node, state])
    expect(states).toContainEqual(['go-live', 'waiting'])
    await pw.approve(handle.id, {
      by: 'bob',
      roles: ['lead'],
      reason: 'looks good',
      payload: { traffic: 0.5 },
    })
    const { outputs } = await handle.result()
    expect(outputs).toEqual({ n: 12, share: 0.5, by: 'bob', reason: 'looks good' })
    expect(await pw.waits(handle.id)).toEqual([])
  })

  test('a rejection fails the node, and nothing that comes after it runs', async () => {
    const pw = await tempWorkspace()
    const handle = await pw.start(release, { n: 1 })
    await waiting(pw, handle)
    await pw.reject(handle.id, { node: 'go-live', by: 'ada', reason: 'too early' })
    await expect(handle.result()).rejects.toThrow(/'go-live' was rejected by ada: too early/)
    const states = Object.fromEntries(
      (await pw.show(handle.id)).executions.map(({ node, state }) => [node, state]),
    )
    expect(states).toMatchObject({ add: 'succeeded', 'go-live': 'failed' })
    expect(states['deploy']).not.toBe('succeeded')
    // Resumed, it asks again, and the old decision does not count.
    const again = await pw.takeUp(handle.id, release)
    await waiting(pw, again)
    await pw.approve(handle.id, { by: 'ada', payload: { traffic: 1 } })
    expect((await again.result()).outputs.n).toBe(12)
  })

  test('refuses who may not, twice, what is not there and what has ended', async () => {
    const pw = await tempWorkspace()
    const handle = await pw.start(release, { n: 1 })
    await waiting(pw, handle)
    const decide = (options: Partial<Parameters<Workspace['approve']>[1]>): Promise<string> =>
      pw.approve(handle.id, { by: 'ada', payload: { traffic: 1 }, ...options })
    await expect(decide({ by: 'eve' })).rejects.toMatchObject({ code: 'APPROVAL_FORBIDDEN' })
    await expect(decide({ by: '' })).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(decide({ node: 'go-life' })).rejects.toThrow(/did you mean 'go-live'/)
    await expect(pw.signal(handle.id, 'labels')).rejects.toMatchObject({ code: 'NOT_WAITING' })
    // One that does not fit is refused by whoever drives the run, which goes on waiting.
    await decide({ payload: { traffic: 7 } })
    await expect
      .poll(async () =>
        decide({}).then(
          () => 'posted',
          () => 'refused',
        ),
      )
      .toBe('posted')
    await expect(decide({ node: 'go-live' })).rejects.toMatchObject({ code: 'APPROVAL_CLOSED' })
    await handle.result()
    await expect(decide({})).rejects.toThrow(/run .* waits for no decision/)
    await expect(decide({ node: 'go-live' })).rejects.toMatchObject({ code: 'APPROVAL_CLOSED' })
  })

  test('time out as they say', async () => {
    const timed = definePipeline({ name: 'timed', inputs: {} }, (p) => {
      const rejected = p.approve({ id: 'a', timeout: '2d', onTimeout: 'reject', onReject: 'continue' })
      const approved = p.approve({ id: 'b', timeout: '1h', onTimeout: 'approve' })
      const unsent = p.signal('c', { timeout: '1m', onTimeout: 'continue' })
      return {
        rejected: rejected.approved,
        approved: approved.approved,
        by: approved.by,
        unsent: unsent.payload,
      }
    })
    const run = await testPipeline(timed, {})
    expect(run.outputs).toEqual({ rejected: false, approved: true, by: undefined, unsent: undefined })
    const failing = definePipeline({ name: 'failing', inputs: {} }, (p) => {
      p.approve({ timeout: '2d' })
      return {}
    })
    const failed = await testPipeline(failing, {})
    expect(failed.state).toBe('failed')
    expect(() => failed.outputs).toThrow(/nobody has decided 'approve' in time/)
  })

  test('ends with a run that is cancelled while what was posted is refused', async () => {
    const pw = await tempWorkspace()
    const handle = await pw.start(
      release,
      { n: 1 },
      {
        onUpdate: ({ event }) => {
          if (event.type === 'post.refused') handle.cancel('enough')
        },
      },
    )
    await waiting(pw, handle)
    await pw.approve(handle.id, { by: 'ada', payload: { traffic: 'half' } })
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
  })

  test('survives the end of its process, also when it is decided meanwhile', async () => {
    const root = await tempFolder()
    let id: string
    {
      await using pw = await openWorkspace({ root })
      const handle = await pw.start(release, { n: 1 })
      handle.result().catch(() => undefined)
      await waiting(pw, handle)
      id = handle.id
    }
    {
      await using pw = await openWorkspace({ root })
      expect(await pw.show(id)).toMatchObject({ state: 'waiting', owner: null })
      await pw.approve(id, { by: 'ada', payload: { traffic: 0.1 } })
    }
    const pw = await tempWorkspace({ root })
    const { outputs } = await pw.resume(id, release)
    expect(outputs).toEqual({ n: 12, share: 0.1, by: 'ada', reason: undefined })
    const { executions } = await pw.show(id)
    expect(executions.find(({ node }) => node === 'add')?.attempts).toHaveLength(1)
  })

  test('a run that fails elsewhere, or is cancelled, does not wait for it', async () => {
    const pw = await tempWorkspace()
    const both = definePipeline({ name: 'both', inputs: {} }, (p) => {
      p.approve()
      p.step(add, { n: -1 })
      return {}
    })
    await expect(pw.run(both, {})).rejects.toThrow(/-1 is negative/)
    const handle = await pw.start(release, { n: 1 })
    await waiting(pw, handle)
    handle.cancel('enough')
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
    expect((await pw.show(handle.id)).state).toBe('cancelled')
  })
})

describe('p.signal', () => {
  const labelled = definePipeline({ name: 'labelled', inputs: {} }, (p) => {
    const first = p.signal('labels', { id: 'first', payload: z.object({ n: z.number() }) })
    const second = p.signal('labels', { id: 'second', payload: z.object({ n: z.number() }), after: [first] })
    return { first: p.pick(first.payload, 'n'), second: p.pick(second.payload, 'n') }
  })

  test('takes what was sent in order, sent before it waits too', async () => {
    const pw = await tempWorkspace()
    const handle = await pw.start(labelled, {})
    await pw.signal(handle.id, 'labels', { n: 1 })
    await pw.signal(handle.id, 'labels', { n: 'two' })
    await pw.signal(handle.id, 'labels', { n: 3 })
    expect((await handle.result()).outputs).toEqual({ first: 1, second: 3 })
  })

  test('a signal nobody waits for is refused with the nearest name', async () => {
    const pw = await tempWorkspace()
    const handle = await pw.start(labelled, {})
    await expect(pw.signal(handle.id, 'label', {})).rejects.toThrow(/did you mean 'labels'/)
    handle.cancel()
    await handle.result().catch(() => undefined)
    await expect(pw.signal(handle.id, 'labels', {})).rejects.toMatchObject({ code: 'APPROVAL_CLOSED' })
  })
})

describe('p.sleep and p.until', () => {
  test('wait as long as they say, on the clock of the run', async () => {
    const timed = definePipeline(
      { name: 'timed', inputs: { at: z.string(), ms: z.number() } },
      (p, input) => {
        const slept = p.sleep('3d')
        const more = p.sleep(input.ms, { id: 'more', after: [slept] })
        const until = p.until(input.at, { after: [more] })
        return { n: p.step(add, { n: 1 }, { after: [until] }).n }
      },
    )
    const run = await testPipeline(timed, { at: '2026-03-01T06:00:00+01:00', ms: 3_600_000 })
    expect(run.outputs).toEqual({ n: 2 })
    const more = run.executions.find(({ node }) => node === 'more')
    expect(more!.finishedAt! - run.executions[0]!.startedAt).toBeGreaterThanOrEqual(3_600_000)
  })

  test('refuse what is no time', async () => {
    const defining = (build: (p: { sleep: Function; until: Function }) => unknown) => () =>
      definePipeline({ name: 'bad', inputs: {} }, (p) => {
        build(p as never)
        return {}
      })
    expect(defining((p) => p.sleep('soon'))).toThrow(/sleep 'sleep': "soon" is not a duration/)
    expect(defining((p) => p.until('2026-03-01'))).toThrow(
      /until 'until': "2026-03-01" is not a point in time/,
    )
    const late = definePipeline({ name: 'late', inputs: { at: z.string() } }, (p, input) => {
      p.until(input.at)
      return {}
    })
    const run = await testPipeline(late, { at: 'tomorrow' })
    expect(() => run.outputs).toThrow(/'until' is to wait until "tomorrow", which is no point in time/)
  })

  test('go on with what was left of them after the process has ended', async () => {
    const root = await tempFolder()
    const sleeping = definePipeline({ name: 'sleeping', inputs: {} }, (p) => {
      const slept = p.sleep('400ms')
      return { n: p.step(add, { n: 1 }, { after: [slept] }).n }
    })
    let id: string
    {
      await using pw = await openWorkspace({ root })
      const handle = await pw.start(sleeping, {})
      handle.result().catch(() => undefined)
      await waiting(pw, handle)
      id = handle.id
    }
    await new Promise((resolve) => setTimeout(resolve, 450))
    const pw = await tempWorkspace({ root })
    expect((await pw.resume(id, sleeping)).outputs).toEqual({ n: 2 })
    const opened = []
    for await (const { event } of pw.events(id)) if (event.type === 'wait.opened') opened.push(event)
    expect(opened).toHaveLength(1)
  })
})
