import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Installs the packed package into an empty project, as a user would, and runs a pipeline from there.
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pipewright-tarball-'))
const run = (command, args, cwd = folder) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

const pipeline = `
import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

const double = defineStep({
  name: 'double',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value: value * 2 }),
})

const sum = defineStep({
  name: 'sum',
  inputs: { values: z.array(z.number()) },
  outputs: { total: z.number() },
  run: ({ values }) => ({ total: values.reduce((a, b) => a + b, 0) }),
})

export const doubles = definePipeline({ name: 'doubles', inputs: { items: z.array(z.number()) } }, (p, input) => {
  const each = p.map(input.items, (value, q) => q.step(double, { value }))
  return { total: p.step(sum, { values: each.value }).total }
})
`

const main = `
import { openWorkspace } from 'pipewright'
import { doubles } from './pipeline.mjs'

const pw = await openWorkspace()
for (const time of ['first', 'second']) {
  const { outputs, run } = await pw.run(doubles, { items: [1, 2, 3] })
  const { executions } = await pw.show(run.id)
  console.log(time, outputs.total, executions.filter((e) => e.reused !== null).length)
}
await pw.close()
`

function expect(text, what) {
  if (!text.includes(what)) throw new Error(`expected ${JSON.stringify(what)} in:\n${text}`)
}

try {
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root),
  )
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'empty', private: true, type: 'module' }),
  )
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', `./${filename}`, 'zod'])
  writeFileSync(join(folder, 'pipeline.mjs'), pipeline)
  writeFileSync(join(folder, 'pipeline.ts'), pipeline)
  writeFileSync(join(folder, 'main.mjs'), main)
  writeFileSync(join(folder, 'inputs.json'), JSON.stringify({ items: [1, 2, 3] }))
  const output = run('node', ['main.mjs'])
  expect(output, 'first 12 0')
  expect(output, 'second 12 4')
  expect(run('npx', ['pipewright', '--help']), 'resume')
  expect(run('npx', ['pipewright', 'run', 'pipeline.ts#doubles', '--inputs', 'inputs.json']), 'total: 12')
  expect(run('npx', ['pipewright', 'runs']), 'doubles')
  console.log(`the packed package works in an empty project (${filename})`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
