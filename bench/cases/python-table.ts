import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { definePipeline, definePythonStep, defineStep, table } from 'pipewright'
import { z } from 'zod'
import { fastest, type Figure } from '../measure.ts'
import { withWorkspace } from '../workspace.ts'

const rows = 2_500_000
const programs = fileURLToPath(new URL('../programs/', import.meta.url))
const python = fileURLToPath(new URL('../../node_modules/.cache/python/bin/python', import.meta.url))

/** Of five columns of eight bytes: 100 MB. */
const Row = z.object({ a: z.number(), b: z.number(), c: z.number(), d: z.number(), e: z.number() })

const make = defineStep({
  name: 'make',
  version: '1',
  outputs: { rows: table(Row) },
  run: () => ({
    rows: (function* () {
      for (let at = 0; at < rows; at++) yield { a: at, b: at / 3, c: at % 7, d: -at, e: 1 / (at + 1) }
    })(),
  }),
})

const double = definePythonStep({
  name: 'double',
  version: '1',
  cache: 'never',
  module: 'frames',
  function: 'double',
  path: programs,
  python: { interpreter: python },
  inputs: { rows: table(Row) },
  outputs: { rows: table(Row) },
})

const doubling = definePipeline({ name: 'doubling', inputs: {} }, (p) => {
  const made = p.step(make, {})
  return { made: made.rows, doubled: p.step(double, { rows: made.rows }).rows }
})

/** What a large table costs that a Python step makes of another, checked and stored. */
export function pythonTable(): Promise<Figure[]> {
  if (!existsSync(python)) throw new Error('pandas is missing: scripts/install-python.sh installs it')
  return withWorkspace(async (pw, root) => {
    const { run } = await pw.run(doubling, {})
    const { executions } = await pw.show(run.id)
    const value = executions.find(({ step }) => step === 'make')!.outputs['rows']!
    if (!('artifact' in value)) throw new Error('the table is an artifact')
    const source = join(root, 'table.arrow')
    await writeFile(source, await pw.bytes(value.artifact))
    const passed = await fastest(3, () => pw.run(doubling, {}))
    const args = [join(programs, 'frames.py'), source, join(root, 'doubled.arrow')]
    const bare = Number(execFileSync(python, args, { encoding: 'utf8' }))
    const size = Math.round(value.artifact.size / 1e6)
    return [
      {
        name: `${size} MB table doubled by pandas in a Python step (bare: pandas, file to file)`,
        value: passed,
        unit: 'ms',
        bare,
        budget: 'reported',
      },
    ]
  })
}
