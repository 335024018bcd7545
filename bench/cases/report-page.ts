import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { definePipeline, defineStep } from 'pipewright'
import { writeReport } from 'pipewright/report'
import { z } from 'zod'
import { launchBrowser } from '../../test/report-page/browser.ts'
import { fastest, once, type Figure } from '../measure.ts'
import { withWorkspace } from '../workspace.ts'

const count = 10_000

const double = defineStep({
  name: 'double',
  version: '1',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value: value * 2 }),
})

const doubles = definePipeline({ name: 'doubles', inputs: { items: z.array(z.number()) } }, (p, input) => {
  const each = p.map(input.items, (value, q) => q.step(double, { value }), { id: 'each' })
  return { values: each.value }
})

/** The page of a run of 10,000 nodes: how long it takes to write, and to open until it is drawn. */
export async function reportPage(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-bench-'))
  const browser = await launchBrowser()
  try {
    const file = join(folder, 'run.html')
    const written = await withWorkspace(async (pw) => {
      const { run } = await pw.run(doubles, { items: Array.from({ length: count }, (_, i) => i) })
      return once(() => writeReport(pw, run.id, file))
    })
    const opened = await fastest(3, async () => {
      const page = await browser.newPage()
      await page.goto(`${pathToFileURL(file).href}#/nodes`)
      await page.getByRole('link', { name: /each\[0\]/ }).waitFor()
      await page.close()
    })
    return [
      { name: `page of a run of ${count} nodes: written`, value: written, unit: 'ms' },
      {
        name: `page of a run of ${count} nodes: opened in Chromium`,
        value: opened,
        unit: 'ms',
        budget: '<= 2,000 ms',
      },
    ]
  } finally {
    await browser.close()
    await rm(folder, { recursive: true, force: true })
  }
}
