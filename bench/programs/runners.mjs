// A process of its own, of the built package: threads and processes load what it loads. Prints what it has measured, in
// milliseconds.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorkspace } from 'pipewright'
import { chain, chainLength, passing, wide } from './steps.mjs'

const items = Array.from({ length: 100 }, (_, at) => at)
/** Of five columns of eight bytes: 100 MB. */
const rows = 2_500_000

async function fastest(times, run) {
  let best = Infinity
  for (let at = 0; at < times; at++) {
    const start = performance.now()
    await run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

/** A process for each item, as many at once as there are processors. */
async function spawnEach() {
  const left = [...items]
  const lane = async () => {
    while (left.pop() !== undefined) await once(spawn(process.execPath, ['-e', '1 + 1']), 'close')
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
}

const root = await mkdtemp(join(tmpdir(), 'pipewright-bench-'))
const pw = await openWorkspace({ root })
const perStep = async (runner) => (await fastest(5, () => pw.run(chain, { n: 0 }, { runner }))) / chainLength
const inline = await perStep('inline')
const first = await fastest(1, () => pw.run(wide, { items: [1] }, { runner: 'process' }))
const thread = await perStep('thread')
const warm = await perStep('process')
const mapped = await fastest(3, () => pw.run(wide, { items }, { runner: 'process' }))
const spawned = await fastest(3, spawnEach)

await pw.run(passing, { rows })
const ofPass = async (runner) =>
  fastest(3, async () => {
    const { run } = await pw.run(passing, { rows }, { runner })
    size = (await pw.show(run.id)).executions.find(({ step }) => step === 'pass').outputs.rows.artifact.size
  })
let size = 0
const passedInline = await ofPass('inline')
const passed = await ofPass('process')
const path = join(root, 'table')
await writeFile(path, Buffer.alloc(size, 'table'))
const copied = await fastest(3, async () => {
  const file = await open(`${path}-copy`, 'w')
  await file.writeFile(await readFile(path))
  await file.sync()
  await file.close()
})
console.log(
  JSON.stringify({ inline, first, thread, warm, mapped, spawned, passed, passedInline, copied, size }),
)
await pw.close()
await rm(root, { recursive: true, force: true })
