import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorkspace } from 'pipewright'
import { createService } from './app.ts'
import { creditRisk, training } from './pipelines.ts'

// What a client of the service does, in one go; `server.ts` is the service itself.
const root = await mkdtemp(join(tmpdir(), 'pipewright-service-'))
const workspace = await openWorkspace({ root })
const service = createService({ workspace, pipelines: [creditRisk, training] })
const url = await service.listen({ host: '127.0.0.1', port: 0 })

async function call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  const text = await response.text()
  console.log(`${method} ${path} -> ${response.status}`)
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}

try {
  const orders = [
    { customer: 'ada', amount: 120, late: true },
    { customer: 'ada', amount: 80, late: false },
  ]
  const scored = await call('POST', '/tenants/acme/runs', {
    pipeline: 'credit-risk',
    inputs: { orders },
    wait: true,
  })
  console.log(scored['outputs'])
  console.log(
    await call('POST', '/tenants/acme/runs', {
      pipeline: 'credit-risk',
      inputs: { order: orders },
      wait: true,
    }),
  )

  const started = await call('POST', '/tenants/acme/runs', {
    pipeline: 'training',
    inputs: { seeds: [1, 2], epochs: 10 },
  })
  const events = await fetch(`${url}${String(started['events'])}`)
  const counts: Record<string, number> = {}
  for (const [, type = ''] of (await events.text()).matchAll(/^event: (.*)$/gm))
    counts[type] = (counts[type] ?? 0) + 1
  console.log(counts)
  console.log(await call('GET', `/tenants/acme/runs/${String(started['id'])}/outputs`))

  const page = await fetch(`${url}/tenants/acme/runs/${String(started['id'])}/report`)
  console.log(
    `report: ${page.status} ${page.headers.get('content-type')}, ${(await page.text()).length} characters`,
  )

  const long = await call('POST', '/tenants/acme/runs', {
    pipeline: 'training',
    inputs: { seeds: [3], epochs: 1_000 },
  })
  await call('GET', `/tenants/globex/runs/${String(long['id'])}`)
  await call('POST', `/tenants/acme/runs/${String(long['id'])}/cancel`)
  await (await fetch(`${url}${String(long['events'])}`)).text()
  console.log((await call('GET', `/tenants/acme/runs/${String(long['id'])}`))['state'])
} finally {
  await service.close()
  await workspace.close()
  await rm(root, { recursive: true, force: true })
}
