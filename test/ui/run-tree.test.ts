import { definePipeline, defineStep, renderRun } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Palette } from '../../src/ui/palette.ts'
import { runScreen } from '../../src/ui/run-screen.ts'
import { tempWorkspace } from '../workspace/temp.ts'

const train = defineStep({
  name: 'train',
  version: '1',
  inputs: { rate: z.number() },
  outputs: {},
  run: ({ rate }, ctx) => {
    ctx.metric('loss', 9)
    ctx.metric('loss', rate)
    ctx.metric('rows', 100)
    return {}
  },
})

const trials = definePipeline({ name: 'trials', inputs: { rates: z.array(z.number()) } }, (p, input) => {
  p.map(input.rates, (rate, q) => q.step(train, { rate }), { id: 'each' })
  return {}
})

const marked = (name: string) => (text: string) => `<${name} ${text}>`
const palette: Palette = {
  good: marked('good'),
  bad: marked('bad'),
  careful: marked('careful'),
  busy: marked('busy'),
  faint: marked('faint'),
  strong: marked('strong'),
}

test('items that are folded tell from where to where their metrics go', async () => {
  const pw = await tempWorkspace()
  const { run } = await pw.run(trials, { rates: Array.from({ length: 20 }, (_, item) => item / 10) })
  const text = renderRun(await pw.show(run.id), await pw.planOf(run.id))
  expect(text).toContain('[0…19]  20 succeeded · loss 0 to 1.9 · rows 100')
})

test('the lines of the tree are faint, also where no mark stands on them', async () => {
  const pw = await tempWorkspace()
  const { run } = await pw.run(trials, { rates: [0.5] })
  const lines = runScreen(await pw.show(run.id), await pw.planOf(run.id), palette, undefined).split('\n')
  expect(lines[1]).toMatch(/^<faint └─ ><good ✓> each {2}1 item/)
  expect(lines[2]).toBe('<faint    └─ >[0]')
  expect(lines[3]).toMatch(/^<faint {7}└─ ><good ✓> train/)
})
