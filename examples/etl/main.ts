import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorkspace } from 'pipewright'
import { sales } from './pipeline.ts'

const root = await mkdtemp(join(tmpdir(), 'pipewright-etl-'))
const landing = join(root, 'landing')

/** What the shops send in the evening. */
async function land(day: string, units = 3): Promise<void> {
  await mkdir(landing, { recursive: true })
  await writeFile(
    join(landing, `${day}.csv`),
    `day,shop,units,price\n${day},north,${units},9.5\n${day},south,2,4\n`,
  )
}

const pw = await openWorkspace({ root })
/** The daily run; gives how many days were worked on. */
async function daily(title: string): Promise<number> {
  const { outputs, run } = await pw.run(sales, { landing })
  const days = (await pw.show(run.id)).executions.filter(({ step }) => step === 'summarise')
  const executed = days.filter(({ reused }) => reused === null).length
  console.log(`${title}: ${executed} of ${days.length} days worked on, revenue ${outputs.total}`)
  return executed
}

try {
  for (const day of ['2026-11-20', '2026-11-21', '2026-11-22']) await land(day)
  const first = await daily('first run')
  await land('2026-11-23')
  const next = await daily('next evening')
  await land('2026-11-21', 5)
  const corrected = await daily('a day was corrected')
  const again = await daily('nothing has changed')
  if ([first, next, corrected, again].join() !== '3,1,1,0') throw new Error('a day was worked on for nothing')
} finally {
  await pw.close()
  await rm(root, { recursive: true, force: true })
}
