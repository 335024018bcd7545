import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openWorkspace } from 'pipewright'
import { createService } from '../examples/service/app.ts'
import { creditRisk, training } from '../examples/service/pipelines.ts'

// 1,000 small runs a minute through the service of examples/service, of several tenants and two pipelines, for ten
// minutes; ends non-zero when runs fail, the rate is not kept, or memory grows.
//   npm run soak [-- --minutes 10 --rate 1000]
function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`)
  return at === -1 ? otherwise : Number(process.argv[at + 1])
}
const minutes = option('minutes', 10)
const rate = option('rate', 1_000)
/** What the heap may hold more at the end than after the first fifth: beyond this something is kept per run. */
const growth = { share: 1.1, bytes: 4 * 2 ** 20 }

const collect = (globalThis as { gc?: () => void }).gc
if (collect === undefined) throw new Error('run it with --expose-gc: npm run soak')
const root = await mkdtemp(join(tmpdir(), 'pipewright-soak-'))
const workspace = await openWorkspace({ root })
const service = createService({ workspace, pipelines: [creditRisk, training] })
const url = await service.listen({ host: '127.0.0.1', port: 0 })

async function one(number: number): Promise<void> {
  const isTraining = number % 50 === 0
  const body = isTraining
    ? { pipeline: 'training', inputs: { seeds: [number], epochs: 2 }, wait: true }
    : {
        pipeline: 'credit-risk',
        // Every third one is asked for again.
        inputs: {
          orders: [{ customer: `c${number}`, amount: number - (number % 3), late: number % 2 === 0 }],
        },
        wait: true,
      }
  const response = await fetch(`${url}/tenants/t${number % 7}/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (response.status !== 200) throw new Error(`run ${number}: ${response.status} ${await response.text()}`)
  await response.text()
}

const mega = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
const begun = performance.now()
const heaps: number[] = []
let number = 0
try {
  const samples = Math.max(5, minutes)
  const perSample = Math.round((rate * minutes) / samples)
  for (let sample = 1; sample <= samples; sample++) {
    const open = new Set<Promise<void>>()
    for (let count = 0; count < perSample; count++) {
      const due = begun + (++number * 60_000) / rate
      const wait = due - performance.now()
      if (wait > 1) await sleep(wait)
      const run = one(number)
      open.add(run)
      void run.then(
        () => open.delete(run),
        () => undefined,
      )
      // A client that is answered late does not send more.
      if (open.size > 50) await Promise.race(open)
    }
    await Promise.all(open)
    collect()
    await sleep(50)
    collect()
    const { heapUsed, rss } = process.memoryUsage()
    heaps.push(heapUsed)
    const perMinute = (number * 60_000) / (performance.now() - begun)
    console.log(
      `${String(number).padStart(6)} runs  ${Math.round(perMinute)} a minute  heap ${mega(heapUsed)} MB  resident ${mega(rss)} MB`,
    )
  }
  const [early, late] = [heaps[Math.floor(heaps.length / 5)]!, heaps.at(-1)!]
  const perMinute = (number * 60_000) / (performance.now() - begun)
  if (late > early * growth.share + growth.bytes)
    throw new Error(`the heap has grown from ${mega(early)} to ${mega(late)} MB`)
  if (perMinute < rate * 0.97) throw new Error(`${Math.round(perMinute)} runs a minute, wanted ${rate}`)
  console.log(`the heap went from ${mega(early)} to ${mega(late)} MB`)
} finally {
  await service.close()
  await workspace.close()
  await rm(root, { recursive: true, force: true })
}
