import { mkdir, rename, writeFile, appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { signCall, trigger, type PipewrightError, type TriggerSource, type Workspace } from 'pipewright'
import { describe, expect, test, vi } from 'vitest'
import { noting, reading, registering, slow, twice } from './programs/pipelines.ts'
import { driving, pass, passUntil, runsOf, timedWorkspace } from './support.ts'

const refusal = (work: Promise<unknown>): Promise<PipewrightError> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => error as PipewrightError,
  )

/** The states of what a trigger has fired, the earliest first. */
async function fired(pw: Workspace, name: string): Promise<string[]> {
  const all = await (await pw.triggerNamed(name)).fired(1_000)
  return all.map(({ key, state }) => `${state} ${key}`).toReversed()
}

const ended = async (pw: Workspace, name: string, count: number): Promise<boolean> => {
  const runs = (await pw.runs({ tag: `trigger/${name}` })).items
  return runs.length >= count && runs.every(({ finishedAt }) => finishedAt !== null)
}

describe('files that appear', () => {
  test('start a run each, once, when they have not changed for a while', async () => {
    const { pw, clock, root } = await timedWorkspace('2026-01-01T00:00:00Z')
    await mkdir(join(root, 'inbox', 'deep'), { recursive: true })
    await pw.trigger(reading, {
      name: 'inbox',
      on: { files: 'inbox', suffix: '.txt', stable: '3s' },
      inputs: { text: 'path' },
    })
    const driver = driving(pw)
    await pass(clock, 2)
    await writeFile(join(root, 'inbox', 'a.txt'), 'one')
    await writeFile(join(root, 'inbox', '.hidden.txt'), 'no')
    await writeFile(join(root, 'inbox', 'a.csv'), 'no')
    await pass(clock, 2)
    // It grows: it is not whole yet.
    await appendFile(join(root, 'inbox', 'a.txt'), ' and more')
    await pass(clock, 2)
    expect(await fired(pw, 'inbox')).toEqual([])
    await passUntil(clock, () => ended(pw, 'inbox', 1))
    await writeFile(join(root, 'inbox', 'deep', 'b.txt'), 'three')
    await passUntil(clock, () => ended(pw, 'inbox', 2))
    await pass(clock, 6)
    expect((await fired(pw, 'inbox')).map((line) => line.split('@')[0])).toEqual([
      'started inbox/a.txt',
      'started inbox/deep/b.txt',
    ])
    await driver.stop()
    const lengths: unknown[] = []
    for (const { id } of (await pw.runs({ orderBy: 'startedAt' })).items)
      lengths.push((await pw.outputs(id, reading)).length)
    expect(lengths).toEqual([12, 5])
  })

  test('are the same by their bytes, also to another driver; other bytes are another file', async () => {
    const { pw, clock, root } = await timedWorkspace('2026-01-01T00:00:00Z')
    await mkdir(join(root, 'inbox'))
    await writeFile(join(root, 'inbox', 'a.txt'), 'there before')
    await pw.trigger(reading, {
      name: 'inbox',
      on: { files: 'inbox', stable: '2s' },
      inputs: { text: 'path' },
    })
    const first = driving(pw)
    await passUntil(clock, () => ended(pw, 'inbox', 1))
    await first.stop()
    const second = driving(pw)
    // Written anew, with a new time, and moved into its place.
    await writeFile(join(root, 'a.tmp'), 'there before')
    await rename(join(root, 'a.tmp'), join(root, 'inbox', 'a.txt'))
    await pass(clock, 8)
    expect(await fired(pw, 'inbox')).toHaveLength(1)
    await writeFile(join(root, 'inbox', 'a.txt'), 'other bytes')
    await passUntil(clock, () => ended(pw, 'inbox', 2))
    await second.stop()
  })

  test('start a run each though many come at once, and no more at once than may be', async () => {
    const { pw, clock, root } = await timedWorkspace('2026-01-01T00:00:00Z')
    await mkdir(join(root, 'inbox'))
    for (let at = 0; at < 20; at++) await writeFile(join(root, 'inbox', `${at}.txt`), `file ${at}`)
    await pw.trigger(reading, { name: 'inbox', on: { files: 'inbox', stable: 0 }, inputs: { text: 'path' } })
    const driver = driving(pw, { runs: 3 })
    await passUntil(clock, () => ended(pw, 'inbox', 20))
    let [now, most] = [0, 0]
    for (const { type } of driver.events) {
      if (type === 'run.started') most = Math.max(most, ++now)
      if (type === 'run.ended') now--
    }
    expect(most).toBeLessThanOrEqual(3)
  })

  test('are looked for in a folder that is there', async () => {
    const { pw, clock, root } = await timedWorkspace('2026-01-01T00:00:00Z')
    const define = () =>
      pw.trigger(reading, { name: 'inbox', on: { files: 'inbox' }, inputs: { text: 'path' } })
    const error = await refusal(define())
    expect(error.code).toBe('SOURCE_UNREADABLE')
    expect(error.message).toContain('inbox does not exist')
    await mkdir(join(root, 'inbox'))
    await define()
    await rename(join(root, 'inbox'), join(root, 'gone'))
    const driver = driving(pw)
    await passUntil(clock, () => driver.told().includes('drive.trouble'))
    await rename(join(root, 'gone'), join(root, 'inbox'))
    await writeFile(join(root, 'inbox', 'a.txt'), 'a')
    await passUntil(clock, () => ended(pw, 'inbox', 1))
    // Told once, though it was looked for each second.
    expect(driver.told().filter((line) => line === 'drive.trouble')).toHaveLength(1)
  })
})

describe('the end of a run of another pipeline', () => {
  test('starts a run, by its state', async () => {
    const { pw, clock } = await timedWorkspace('2026-01-01T00:00:00Z')
    const before = await pw.run(noting, { label: 'before' })
    await pw.trigger(twice, { name: 'good', on: { run: 'noting' }, inputs: { label: 'outputs.said' } })
    await pw.trigger(twice, { name: 'bad', on: { run: 'noting', state: 'failed' }, inputs: { label: 'run' } })
    await pw.trigger(twice, {
      name: 'all',
      on: { run: 'noting', state: 'any' },
      inputs: ({ run, state }) => ({ label: `${run} ${state}` }),
    })
    const good = await pw.run(noting, { label: 'yes' })
    const bad = await pw.start(noting, { label: 'fail' })
    await bad.result().catch(() => undefined)
    const driver = driving(pw)
    await passUntil(clock, async () => (await ended(pw, 'good', 1)) && (await ended(pw, 'all', 2)))
    await pass(clock, 3)
    await driver.stop()
    expect(await fired(pw, 'good')).toEqual([`started ${good.run.id}/succeeded`])
    expect(await fired(pw, 'bad')).toEqual([`started ${bad.id}/failed`])
    expect(await fired(pw, 'all')).toEqual([`started ${good.run.id}/succeeded`, `started ${bad.id}/failed`])
    expect((await pw.runs({ tag: 'trigger/good' })).items).toHaveLength(1)
    const [run] = (await pw.runs({ tag: 'trigger/good' })).items
    expect(await pw.outputs(run!.id, twice)).toEqual({ said: 'yes' })
    expect(JSON.stringify(await (await pw.triggerNamed('all')).fired())).not.toContain(before.run.id)
  })

  test('is told once to several drivers', async () => {
    const one = await timedWorkspace('2026-01-01T00:00:00Z')
    const other = await timedWorkspace('', one)
    await one.pw.trigger(twice, { name: 'good', on: { run: 'noting' }, inputs: { label: 'run' } })
    const drivers = [driving(one.pw), driving(other.pw)]
    for (let at = 0; at < 5; at++) await one.pw.run(noting, { label: `run ${at}` })
    await passUntil(one.clock, () => ended(one.pw, 'good', 5))
    await pass(one.clock, 3)
    await Promise.all(drivers.map((driver) => driver.stop()))
    expect(
      drivers.flatMap((driver) => driver.told().filter((line) => line.startsWith('run.started'))),
    ).toHaveLength(5)
  })
})

test('a new artifact starts a run, the same one again does not', async () => {
  const { pw, clock } = await timedWorkspace('2026-01-01T00:00:00Z')
  await pw.trigger(twice, {
    name: 'said',
    on: { artifact: { pipeline: 'noting', output: 'said' } },
    inputs: { label: 'value' },
  })
  for (const label of ['a', 'a', 'b', 'a']) await pw.run(noting, { label })
  driving(pw)
  await passUntil(clock, () => ended(pw, 'said', 2))
  await pass(clock, 3)
  const outputs: unknown[] = []
  for (const { id } of (await pw.runs({ tag: 'trigger/said', orderBy: 'startedAt' })).items)
    outputs.push((await pw.outputs(id, twice)).said)
  expect(outputs.toSorted()).toEqual(['a', 'b'])
})

test('a new version of a model starts a run', async () => {
  const { pw, clock } = await timedWorkspace('2026-01-01T00:00:00Z')
  await pw.run(registering, { weight: 1 })
  await pw.trigger(twice, {
    name: 'model',
    on: { model: 'line' },
    inputs: ({ name, version }) => ({ label: `${name}@${version}` }),
  })
  driving(pw)
  await pass(clock, 3)
  await pw.run(registering, { weight: 2 })
  // Of equal content: no new version.
  await pw.run(registering, { weight: 2 })
  await passUntil(clock, () => ended(pw, 'model', 1))
  await pass(clock, 3)
  expect(await fired(pw, 'model')).toEqual(['started v2'])
})

describe('a call', () => {
  const secret = 'a secret of some length'
  const at = '2026-01-01T00:00:00Z'
  const seconds = (time = at): string => String(Date.parse(time) / 1000)

  const call = (
    name: string,
    body: string,
    more: { id?: string; time?: string; key?: string } = {},
  ): Request =>
    new Request(`http://localhost/calls/${name}`, {
      method: 'POST',
      headers: signCall({ id: more.id ?? 'c1', timestamp: seconds(more.time), body }, more.key ?? secret),
      body,
    })

  const called = async (): Promise<{
    take: (request: Request) => Promise<Response>
    timed: Awaited<ReturnType<typeof timedWorkspace>>
  }> => {
    vi.stubEnv('TEST_HOOK_SECRET', secret)
    const timed = await timedWorkspace(at)
    await timed.pw.trigger(noting, {
      name: 'hook',
      on: { call: { secret: 'TEST_HOOK_SECRET' } },
      inputs: { label: 'body.label' },
    })
    return { take: timed.pw.callHandler(), timed }
  }

  test('that is signed starts a run, once', async () => {
    const { take, timed } = await called()
    const { pw, clock } = timed
    const first = await take(call('hook', '{"label":"called"}'))
    expect(first.status).toBe(202)
    expect(await first.json()).toEqual({ key: 'trigger/hook/c1' })
    const again = await take(call('hook', '{"label":"called"}'))
    expect(again.status).toBe(200)
    driving(pw)
    await passUntil(clock, () => ended(pw, 'hook', 1))
    expect(await runsOf(pw)).toEqual(['trigger/hook/c1 succeeded'])
    expect((await (await take(call('hook', '{"label":"called"}'))).json()) as unknown).toMatchObject({
      run: (await pw.runs()).items[0]!.id,
    })
    expect((await take(call('hook', '{"label":"more"}', { id: 'c2' }))).status).toBe(202)
    await passUntil(clock, () => ended(pw, 'hook', 2))
  })

  test('that is not to be believed starts none', async () => {
    const { take, timed } = await called()
    const body = '{"label":"called"}'
    const unsigned = new Request('http://localhost/calls/hook', { method: 'POST', body })
    const changed = new Request('http://localhost/calls/hook', {
      method: 'POST',
      headers: call('hook', body).headers,
      body: '{"label":"other"}',
    })
    for (const wrong of [
      unsigned,
      changed,
      call('hook', body, { key: 'another secret of a length' }),
      call('hook', body, { time: '2025-12-31T23:54:00Z' }),
      call('hook', body, { time: '2026-01-01T00:06:00Z' }),
      call('unknown', body),
      call('%E0%A4%A', body),
    ])
      expect((await take(wrong)).status).toBe(401)
    expect((await take(new Request('http://localhost/calls/hook'))).status).toBe(405)
    expect((await take(call('hook', 'no json'))).status).toBe(400)
    expect((await take(call('hook', JSON.stringify('x'.repeat(1024 * 1024))))).status).toBe(413)
    const unfit = await take(call('hook', '{"label":7}'))
    expect(unfit.status).toBe(422)
    expect(JSON.stringify(await unfit.json())).toContain('label')
    expect((await take(call('hook', '{}'))).status).toBe(422)
    vi.stubEnv('TEST_HOOK_SECRET', 'short')
    expect((await take(call('hook', body, { key: 'short' }))).status).toBe(503)
    expect(await fired(timed.pw, 'hook')).toEqual([])
  })

  test('is refused while the trigger is paused', async () => {
    const { take, timed } = await called()
    await (await timed.pw.triggerNamed('hook')).pause()
    expect((await take(call('hook', '{"label":"a"}'))).status).toBe(503)
    await (await timed.pw.triggerNamed('hook')).resume()
    expect((await take(call('hook', '{"label":"a"}'))).status).toBe(202)
  })
})

describe('refused', () => {
  test.each([
    [{}, 'does not say what it waits for'],
    [{ files: 'a', run: 'b' }, 'does not say what it waits for'],
    [{ files: '' }, 'names no folder'],
    [{ files: 'a', stable: 'soon' }, 'stable: "soon" is not a duration'],
    [{ files: 'a', sufix: '.csv' }, "'sufix' is not an option"],
    [{ run: 'noting', state: 'over' }, "waits for the state 'over'"],
    [{ run: 'slow' }, 'starts the pipeline whose runs start it'],
    [{ artifact: { pipeline: 'noting' } }, 'names no output'],
    [{ call: { secret: 'not a variable' } }, 'names no environment variable'],
  ])('%j', (on, message) => {
    expect(() =>
      trigger(slow, { name: 'x', on: on as unknown as TriggerSource, inputs: { label: 'run' } }),
    ).toThrow(message)
  })

  test('inputs that the pipeline has not, and those that are missing', () => {
    expect(() => trigger(noting, { on: { run: 'slow' }, inputs: { labl: 'run' } as never })).toThrow(
      "pipeline 'noting' has no input 'labl'",
    )
    expect(() => trigger(noting, { on: { run: 'slow' } })).toThrow("gives no 'label'")
  })

  test('a property that the event has not fails the firing, with its name', async () => {
    const { pw, clock } = await timedWorkspace('2026-01-01T00:00:00Z')
    await pw.trigger(twice, { name: 'x', on: { run: 'noting' }, inputs: { label: 'outputs.nothing' } })
    await pw.run(noting, { label: 'a' })
    const driver = driving(pw)
    await passUntil(clock, () => driver.told().some((line) => line.startsWith('firing.failed')))
    expect((await (await pw.triggerNamed('x')).fired())[0]!.reason).toContain("'outputs.nothing'")
  })
})
