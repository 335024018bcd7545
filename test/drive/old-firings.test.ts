import { expect, test } from 'vitest'
import type { Json } from '../../src/internal/json.ts'
import { openStore } from '../record/support.ts'
import { pruneFirings } from '../../src/workspace/drive/old-firings.ts'

const sources = {
  run: { run: 'demo' },
  model: { model: 'tumours' },
  call: { call: { secret: 'SECRET' } },
  files: { files: 'inbox' },
  artifact: { artifact: { pipeline: 'demo', output: 'model' } },
}

test('old firings go where a position or a timestamp keeps the same from firing again, and stay where their keys do', async () => {
  const store = await openStore()
  const now = Date.parse('2026-01-01T00:00:00Z')
  const hour = 3_600_000
  for (const [name, on] of Object.entries(sources)) {
    const origin = `trigger/${name}`
    await store.declareTrigger({
      origin,
      pipeline: 'demo',
      address: { module: 'src/demo.ts', pipeline: 'demo' },
      definition: { on, inputs: null } as Json,
      basis: name,
      declaredBy: 'code',
      declaredAt: now,
      position: 0,
    })
    const fired = await store.fire(origin, [
      { key: 'old', at: now - 48 * hour, event: {} },
      { key: 'waits', at: now - 48 * hour, event: {} },
      { key: 'young', at: now - 60_000, event: {} },
    ])
    for (const { number, key } of fired)
      if (key !== 'waits') await store.settleFiring(number, { state: 'started', run: key })
  }
  // So much younger than the window in which a call may come again.
  await pruneFirings(store, now - 1_000, now)
  const left = async (name: string): Promise<string[]> =>
    (await store.firings(`trigger/${name}`, 10)).map(({ key }) => key).toSorted()
  expect(await left('run')).toEqual(['waits'])
  expect(await left('model')).toEqual(['waits'])
  expect(await left('call')).toEqual(['waits', 'young'])
  expect(await left('files')).toEqual(['old', 'waits', 'young'])
  expect(await left('artifact')).toEqual(['old', 'waits', 'young'])
  // The same call within its window is told apart still.
  expect(await store.fire('trigger/call', [{ key: 'young', at: now, event: {} }])).toEqual([])
})
