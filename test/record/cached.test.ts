import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openDriver } from '../../src/record/sqlite/driver.ts'
import {
  artifact,
  attempt,
  collect,
  engines,
  folder,
  key,
  openStore,
  started,
  succeeded,
  values,
} from './support.ts'

const hour = 60 * 60 * 1_000

describe.each(engines)('a lookup on %s', (engine) => {
  it('tells and touches the small blobs of outputs and reports', async () => {
    let now = 0
    const store = await openStore(':memory:', { engine, now: () => now })
    const [out, report, gone] = [artifact('out'), artifact('report'), artifact('gone')]
    const blobs = [out, report].map(({ blob }) => ({ digest: blob, bytes: Buffer.from(blob) }))
    const facts = { metrics: {}, params: {}, reports: [report, gone] }
    const event = succeeded('s', { outputs: values({ out }), key: key('k'), facts })
    await store.append({ run: 'r', at: 0, event, blobs })
    now = hour
    expect((await store.cached(key('k')))!.small).toEqual(new Set([out.blob, report.blob]))
    await store.flush()
    expect((await collect(store.smallBlobs())).map(({ at }) => at)).toEqual([hour, hour])
  })

  it('puts an old blob again that is removed before its new time is durable', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const store = await openStore(path, { engine, now: () => hour })
    const out = artifact('out')
    const blobs = [{ digest: out.blob, bytes: Buffer.from('out') }]
    const event = succeeded('s', { outputs: values({ out }), key: key('k') })
    await store.append({ run: 'r', at: 0, event, blobs })
    const other = await openDriver(path, engine)
    expect((await store.cached(key('k')))!.small.has(out.blob)).toBe(true)
    other.exec('delete from blobs')
    other.close()
    await store.append({ run: 'r', at: hour, event: succeeded('t', { outputs: values({ out }) }) })
    expect(Buffer.from((await store.blob(out.blob))!).toString()).toBe('out')
    expect(await collect(store.smallBlobs())).toEqual([{ digest: out.blob, size: 3, at: hour }])
  })

  it('touches many blobs at once, and tells which are there', async () => {
    let now = 0
    const store = await openStore(':memory:', { engine, now: () => now })
    const digests = Array.from({ length: 1_200 }, (_, at) => key(`${at}`))
    const blobs = digests.map((digest) => ({ digest, bytes: new Uint8Array(1) }))
    await store.append({ run: 'r', at: 0, event: started(), blobs: blobs.slice(0, 600) })
    await store.append({ run: 'r', at: hour, event: attempt('a'), blobs: blobs.slice(600, 1_100) })
    now = hour
    const found = await store.touchBlobs(digests)
    expect(found).toEqual(new Set(digests.slice(0, 1_100)))
    expect((await collect(store.smallBlobs())).every(({ at }) => at === hour)).toBe(true)
    expect(await store.touchBlobs([])).toEqual(new Set())
  })
})
