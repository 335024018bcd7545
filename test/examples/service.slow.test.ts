import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { definePipeline } from 'pipewright'
import { afterEach, expect, test } from 'vitest'
import { createService } from '../../examples/service/app.ts'
import { tempFolder, tempWorkspace } from '../workspace/temp.ts'

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const started = new Set<ChildProcess>()
afterEach(() => {
  for (const child of started) child.kill('SIGKILL')
  started.clear()
})

/** The service in a process of its own. */
async function serve(root: string): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  // Its own command starts a process of its own, which would outlive it.
  const child = spawn(
    process.execPath,
    ['--import', file('node_modules/tsx/dist/esm/index.mjs'), file('examples/service/server.ts')],
    {
      env: { ...process.env, PIPEWRIGHT_ROOT: root, PORT: '0', GRACE_MS: '500' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  started.add(child)
  const [url] = (await once(createInterface(child.stdout!), 'line')) as [string]
  return { url, child }
}

async function start(url: string, tenant: string, body: object, headers = {}): Promise<Response> {
  return fetch(`${url}/tenants/${tenant}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

interface Answer {
  readonly id: string
  readonly state: string
  readonly code: string
  readonly fix: string
  readonly runs: readonly { readonly id: string }[]
  readonly outputs: unknown
}
const json = async (response: Response): Promise<Answer> => (await response.json()) as Answer

test('runs of several tenants and pipelines: started, followed from where a client left off, cancelled, hidden from others', async () => {
  const { url } = await serve(await tempFolder())
  const train = { pipeline: 'training', inputs: { seeds: [1], epochs: 5 } }
  const first = await json(await start(url, 'acme', train, { 'idempotency-key': 'one' }))
  const again = await json(await start(url, 'acme', train, { 'idempotency-key': 'one' }))
  expect(again.id).toBe(first.id)

  const events = (headers = {}): Promise<Response> =>
    fetch(`${url}/tenants/acme/runs/${first.id}/events`, { headers })
  const all = await (await events()).text()
  expect(all).toContain('event: run.finished')
  expect(all.trimEnd().endsWith('event: end\ndata: {}')).toBe(true)
  const ids = [...all.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id!)
  const rest = await (await events({ 'last-event-id': ids.at(-2)! })).text()
  expect([...rest.matchAll(/^id: (\d+)$/gm)].map(([, id]) => id!)).toEqual(ids.slice(-1))

  expect((await fetch(`${url}/tenants/globex/runs/${first.id}`)).status).toBe(404)
  expect((await fetch(`${url}/tenants/globex/runs/${first.id}/events`)).status).toBe(404)
  expect((await json(await fetch(`${url}/tenants/globex/runs`))).runs).toEqual([])
  expect((await json(await fetch(`${url}/tenants/acme/runs`))).runs.map(({ id }) => id)).toEqual([first.id])

  const page = await fetch(`${url}/tenants/acme/runs/${first.id}/report`)
  expect(page.headers.get('content-type')).toContain('text/html')
  expect(await page.text()).toContain('<!doctype html>')
  expect((await fetch(`${url}/tenants/globex/runs/${first.id}/report`)).status).toBe(404)

  const wrong = await start(url, 'acme', { pipeline: 'trainings' })
  expect([wrong.status, (await json(wrong)).code]).toEqual([404, 'PIPELINE_NOT_FOUND'])
  const typed = await start(url, 'acme', { pipeline: 'training', inputs: { seeds: ['1'] } })
  expect([typed.status, (await json(typed)).code]).toEqual([400, 'INPUT_INVALID'])

  const misspelt = await start(url, 'acme', { pipeline: 'training', input: { seeds: [1] } })
  expect([misspelt.status, (await json(misspelt)).code]).toEqual([400, 'FST_ERR_VALIDATION'])
  const long = await json(
    await start(url, 'acme', { pipeline: 'training', inputs: { seeds: [2], epochs: 1_000 } }),
  )
  expect((await fetch(`${url}/tenants/acme/runs/${long.id}/cancel`, { method: 'POST' })).status).toBe(202)
  await (await fetch(`${url}/tenants/acme/runs/${long.id}/events`)).text()
  expect((await json(await fetch(`${url}/tenants/acme/runs/${long.id}`))).state).toBe('cancelled')
  // What all ids begin with tells nothing of the runs of others.
  const beginning = await (await fetch(`${url}/tenants/globex/runs/${first.id.slice(0, 4)}`)).text()
  expect(beginning).not.toContain(first.id)
})

test('SIGTERM waits neither for a request that waits for its run nor for a connection that is kept open', async () => {
  const { url, child } = await serve(await tempFolder())
  const inputs = { seeds: [1], epochs: 1_000 }
  const waiting = start(url, 'acme', { pipeline: 'training', inputs, wait: true })
  await expect
    .poll(async () => (await json(await fetch(`${url}/tenants/acme/runs`))).runs.length, { timeout: 60_000 })
    .toBe(1)
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const response = await waiting
  expect([response.status, response.headers.get('connection')]).toEqual([202, 'close'])
  expect((await json(response)).state).toBe('running')
  expect(await ended).toEqual([0, null])
})

test('a request whose run begins while the service ends is answered, too', async () => {
  const workspace = await tempWorkspace()
  const asks = definePipeline({ name: 'asks', inputs: {} }, (p) => {
    p.signal('labels')
    return {}
  })
  let begin: () => void = () => undefined
  const slow = new Promise<void>((resolve) => (begin = resolve))
  let isAsked: () => void = () => undefined
  const asked = new Promise<void>((resolve) => (isAsked = resolve))
  const start = workspace.start.bind(workspace)
  workspace.start = (async (...given: Parameters<typeof start>) => {
    isAsked()
    await slow
    return start(...given)
  }) as typeof start
  const app = createService({ workspace, pipelines: [asks], grace: 1 })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const answer = fetch(`${url}/tenants/acme/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ pipeline: 'asks', wait: true }),
  })
  await asked
  const closed = app.close()
  // No new connection is taken when `grace` is over.
  while (app.server.listening) await new Promise((resolve) => setTimeout(resolve, 5))
  begin()
  expect((await answer).status).toBe(202)
  await closed
})

test('SIGTERM under load: what was accepted is answered or goes on at the next start, and nothing is lost', async () => {
  const root = await tempFolder()
  const before = await serve(root)
  const long = await json(
    await start(before.url, 'acme', { pipeline: 'training', inputs: { seeds: [1, 2], epochs: 300 } }),
  )
  let answered = 0
  const load = Array.from({ length: 8 }, async (_, worker) => {
    for (let count = 0; ; count++) {
      const orders = [{ customer: `c${worker}`, amount: count, late: false }]
      try {
        const response = await start(before.url, 'acme', {
          pipeline: 'credit-risk',
          inputs: { orders },
          wait: true,
        })
        expect([200, 404, 503]).toContain(response.status)
        // It is shutting down.
        if (response.status !== 200) return
        answered++
        await response.text()
      } catch {
        // The port is closed.
        return
      }
    }
  })
  await expect.poll(() => answered, { timeout: 60_000 }).toBeGreaterThan(20)
  const ended = once(before.child, 'exit')
  before.child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  await Promise.all(load)

  const after = await serve(root)
  const events = await (await fetch(`${after.url}/tenants/acme/runs/${long.id}/events`)).text()
  expect(events).toContain('event: run.finished')
  const { state } = await json(await fetch(`${after.url}/tenants/acme/runs/${long.id}`))
  expect(state).toBe('succeeded')
})
