import { definePipeline } from 'pipewright'
import { assertRun, fault, testPipeline, testWorkspace } from 'pipewright/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { tour } from '../cli/programs/control-flow.ts'

const release = definePipeline({ name: 'release', inputs: { regions: z.array(z.string()) } }, (p, input) => {
  const labels = p.signal('labels', { payload: z.object({ batch: z.number() }) })
  const each = p.map(
    input.regions,
    (region, q) => {
      const go = q.approve({
        id: 'go',
        by: ['role:lead', 'ada'],
        payload: z.object({ share: z.number() }),
        onReject: 'continue',
        show: { region },
      })
      return { approved: go.approved, by: go.by }
    },
    { id: 'each', after: [labels] },
  )
  return { approved: each.approved, by: each.by, batch: p.pick(labels.payload, 'batch') }
})

const labels = { labels: { payload: { batch: 7 } } }

describe('a test answers what its run waits for', () => {
  test('approvals by their paths, with those who may; signals by their names', async () => {
    const run = await testPipeline(
      release,
      { regions: ['eu', 'us'] },
      {
        approvals: { 'each[0]/go': { payload: { share: 0.5 } }, 'each[1]/go': { approve: false, by: 'ada' } },
        signals: labels,
      },
    )
    expect(run.outputs).toEqual({ approved: [true, false], by: ['test', 'ada'], batch: 7 })
    const all = await testPipeline(
      release,
      { regions: ['eu', 'us'] },
      { approvals: { 'each/go': { payload: { share: 1 } } }, signals: labels },
    )
    expect(all.outputs.approved).toEqual([true, true])
  })

  test('before the time to decide is over, by the clock that skips', async () => {
    const timed = definePipeline({ name: 'timed', inputs: {} }, (p) => {
      p.sleep('3d', { id: 'rest' })
      return { by: p.approve({ id: 'go', timeout: '1h', onTimeout: 'reject', onReject: 'continue' }).by }
    })
    expect((await testPipeline(timed, {}, { approvals: { go: { by: 'ada' } } })).outputs).toEqual({
      by: 'ada',
    })
  })

  test('each of several nodes takes the next signal of a list', async () => {
    const twice = definePipeline({ name: 'twice', inputs: {} }, (p) => {
      const payload = z.number()
      const first = p.signal('tick', { id: 'first', payload })
      return {
        first: first.payload,
        second: p.signal('tick', { id: 'second', payload, after: [first] }).payload,
      }
    })
    const run = await testPipeline(twice, {}, { signals: { tick: [{ payload: 1 }, { payload: 2 }] } })
    expect(run.outputs).toEqual({ first: 1, second: 2 })
  })

  test('a run that was left waiting, when it goes on; and one whose process dies', async () => {
    await using kit = await testWorkspace()
    const answers = { approvals: { 'go-live': {} }, signals: { labels: {} } }
    const failed = await kit.run(tour, { wrong: true }, answers)
    expect(failed.state).toBe('failed')
    const lost = await kit.run(tour, {}, { ...answers, faults: [fault('check', { lost: true })] })
    expect(lost.outputs).toEqual({ n: 4 })
  })

  test.each([
    [{ approvals: { 'go-life': {} } }, 'NODE_NOT_FOUND', /did you mean 'go-live'/],
    [{ approvals: { check: {} } }, 'TEST_INVALID', /'check' is a step, and no approval/],
    [{ signals: { label: {} } }, 'TEST_INVALID', /waits for no 'label'/],
    [
      { approvals: { 'go-live': { by: 'eve' } }, signals: { labels: {} } },
      'APPROVAL_FORBIDDEN',
      /'eve' may not/,
    ],
  ])('refuses %j', async (answers, code, message) => {
    const error = await testPipeline(tour, {}, answers).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code })
    expect(`${(error as Error).message} ${(error as { fix?: string }).fix}`).toMatch(message)
  })

  test('refuses an answer that does not fit, and one that nobody waits for', async () => {
    const approvals = { 'each/go': { payload: { share: 'half' } } }
    await expect(testPipeline(release, { regions: ['eu'] }, { approvals, signals: labels })).rejects.toThrow(
      /what the test answers to 'each\[0\]\/go' does not fit/,
    )
    await expect(
      testPipeline(release, { regions: [] }, { approvals: { 'each/go': {} }, signals: labels }),
    ).rejects.toThrow("nothing has waited for the answer to 'each/go'")
  })
})

describe('nodes inside of recursions', () => {
  const again = 'count-down/when/then/again'
  const answers = { approvals: { 'go-live': {} }, signals: { labels: {} } }

  test('are named by their paths in faults, checks and outputs', async () => {
    const run = await testPipeline(
      tour,
      {},
      { ...answers, cache: 'off', faults: [fault(`${again}/add`, { error: new Error('no') })] },
    )
    expect(run.state).toBe('failed')
    assertRun(run)
      .ran(`${again}/add`, { state: 'failed', attempts: 1 })
      .notRan(`${again}/when/then/again/add`)
    const good = await testPipeline(tour, {}, { ...answers, cache: 'off' })
    expect(await good.outputsOf(`${again}/add`)).toEqual({ n: 2, more: true })
    expect(() => assertRun(good).ran(`${again}/ad`)).toThrow(/has no node/)
    expect(() => assertRun(good).ran('count-down/when/then')).toThrow(/has no node/)
  })
})

describe('a run that nobody can answer', () => {
  const asked = definePipeline({ name: 'asked', inputs: {} }, (p) => {
    const go = p.approve({ id: 'go' })
    const labels = p.signal('labels', { after: [go.by], payload: z.number() })
    return { labels: labels.payload }
  })

  test('fails its test by what it waits for', async () => {
    await expect(testPipeline(asked, {}, { signals: { labels: { payload: 1 } } })).rejects.toThrow(
      /^the run waits for ever: nobody answers 'go'\nFix: decide it: approvals: { 'go': {} }/,
    )
    await expect(testPipeline(asked, {}, { approvals: { go: {} } })).rejects.toThrow(
      /^the run waits for ever: nobody answers 'labels'\nFix: send it: signals: { "labels": { payload: … } }/,
    )
  })

  test('waits for its timeout, where it has one', async () => {
    const late = await testPipeline(asked, {}, { timeout: '3d' })
    expect(late.error?.code).toBe('RUN_TIMEOUT')
  })

  test('waits for whoever has the workspace', async () => {
    await using kit = await testWorkspace()
    const running = kit.run(asked, {})
    const wait = async (on: string): Promise<string> => {
      for (;;) {
        const [run] = (await kit.workspace.runs()).items
        const waits = run === undefined ? [] : await kit.workspace.waits(run.id)
        if (waits.some((one) => one.on === on)) return run!.id
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await kit.workspace.approve(await wait('approval'), { node: 'go', by: 'ada' })
    await kit.workspace.signal(await wait('signal'), 'labels', 3, { by: 'ada' })
    const run = await running
    expect(run.outputs).toEqual({ labels: 3 })
  })
})
