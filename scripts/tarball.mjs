import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Installs the packed package into an empty project, as a user would, and runs pipelines from there: one of its
// own, and the one that the README shows.
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
import { rocCurve } from 'pipewright/charts'
import { writeReport } from 'pipewright/report'
import { doubles } from './pipeline.mjs'

const pw = await openWorkspace()
for (const time of ['first', 'second']) {
  const { outputs, run } = await pw.run(doubles, { items: [1, 2, 3] })
  const { executions } = await pw.show(run.id)
  console.log(time, outputs.total, executions.filter((e) => e.reused !== null).length)
  if (time === 'second') console.log('page', (await writeReport(pw, run.id, 'run.html')).endsWith('run.html'))
}
await pw.show('nothing').catch((error) => console.log('name', error.name))
console.log('auc', rocCurve([0, 1], [0, 1]).data.auc)
await pw.close()
`

const python = `
import { definePipeline, definePythonStep, openWorkspace } from 'pipewright'
import { z } from 'zod'

const double = definePythonStep({
  name: 'double',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  module: 'doubling',
  function: 'double',
})
const doubled = definePipeline({ name: 'doubled', inputs: { value: z.number() } }, (p, { value }) => ({
  value: p.step(double, { value }).value,
}))
const pw = await openWorkspace()
console.log('python', (await pw.run(doubled, { value: 21 })).outputs.value)
await pw.close()
`

// A table goes to Python, and an error comes back. Where a project is no module tsx loads the package twice.
const twice = `
import { definePipeline, definePythonStep, defineStep, openWorkspace, RunFailedError, table } from 'pipewright'
import { z } from 'zod'

const Row = z.object({ name: z.string() })
const make = defineStep({
  name: 'make',
  inputs: { names: z.array(z.string()) },
  outputs: { rows: table(Row) },
  run: ({ names }) => ({ rows: names.map((name) => ({ name })) }),
})
const count = definePythonStep({
  name: 'count',
  inputs: { rows: table(Row) },
  outputs: { rows: table(Row), count: z.number() },
  module: 'counting',
  function: 'count',
})
const counted = definePipeline({ name: 'counted', inputs: { names: z.array(z.string()) } }, (p, { names }) => {
  const once = p.step(count, p.step(make, { names }))
  return { count: p.step(count, { rows: once.rows }, { id: 'again' }).count }
})
async function main() {
  const pw = await openWorkspace()
  console.log('counted', (await pw.run(counted, { names: ['a', 'b'] })).outputs.count)
  await pw.run(counted, { names: [] }).catch((error) => console.log('known', error instanceof RunFailedError))
  await pw.close()
}
main()
`

// Every entry, by the compilers of users, with its types checked: nothing may be missing that only this project has.
const entries = `
import * as pipewright from 'pipewright'
import * as charts from 'pipewright/charts'
import * as registry from 'pipewright/registry'
import * as report from 'pipewright/report'
import * as testing from 'pipewright/testing'
import { z } from 'zod'

const step = pipewright.defineStep({
  name: 'half',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value: value / 2 }),
})
const { outputs } = await testing.testStep(step, { value: 2 })
const half: number = outputs.value
// @ts-expect-error a number is no text
const text: string = outputs.value
export { charts, half, registry, report, text }
`

const compilers = [
  join(root, 'node_modules/typescript'),
  join(root, 'node_modules/typescript7'),
  'node_modules/typescript-before',
]

const readme = /```ts\n\/\/ churn\.ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))[1]

const customers = 'age,visits,churned\n30,1,true\n40,5,false\n50,2,true\n20,9,false\n'

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
  expect(output, 'page true')
  expect(output, 'auc 1')
  expect(output, 'name PipewrightError')
  expect(readFileSync(join(folder, 'run.html'), 'utf8'), '<!doctype html>')
  // TypeScript by tsx, which turns source maps on: those of the package must not hide where a step is defined.
  writeFileSync(join(folder, 'main.ts'), main.replace('pipeline.mjs', 'pipeline.ts'))
  const typed = run('node', [join(root, 'node_modules/tsx/dist/cli.mjs'), 'main.ts'])
  expect(typed, 'first 12 0')
  expect(typed, 'second 12 4')
  writeFileSync(join(folder, 'entries.ts'), entries)
  run('npm', ['install', '--no-audit', '--no-fund', 'typescript-before@npm:typescript@5.9'])
  for (const compiler of compilers)
    for (const [module, moduleResolution] of [
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ]) {
      const options = { target: 'es2023', module, moduleResolution, strict: true, types: ['node'] }
      const compilerOptions = {
        ...options,
        skipLibCheck: false,
        exactOptionalPropertyTypes: true,
        noEmit: true,
      }
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['entries.ts'] }))
      run('node', [join(compiler, 'bin/tsc')])
    }
  rmSync(join(folder, 'tsconfig.json'))
  writeFileSync(join(folder, 'doubling.py'), 'def double(value):\n    return {"value": value * 2}\n')
  writeFileSync(join(folder, 'python.mjs'), python)
  expect(run('node', ['python.mjs']), 'python 42')
  for (const type of ['module', 'commonjs']) {
    const project = join(folder, type)
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: type, private: true, type }))
    writeFileSync(join(project, 'package-lock.json'), '{}')
    writeFileSync(
      join(project, 'counting.py'),
      'def count(rows):\n    return {"rows": rows, "count": len(rows) // bool(rows)}\n',
    )
    writeFileSync(join(project, 'main.ts'), twice)
    const output = run('node', [join(root, 'node_modules/tsx/dist/cli.mjs'), 'main.ts'], project)
    expect(output, 'counted 2')
    expect(output, 'known true')
  }
  expect(run('npx', ['pipewright', '--help']), 'resume')
  expect(run('npx', ['pipewright', 'run', 'pipeline.ts#doubles', '--inputs', 'inputs.json']), 'total: 12')
  expect(run('npx', ['pipewright', 'runs']), 'doubles')
  writeFileSync(join(folder, 'churn.ts'), readme)
  writeFileSync(join(folder, 'customers.csv'), customers)
  writeFileSync(join(folder, 'churn.json'), JSON.stringify({ csv: 'customers.csv' }))
  expect(run('npx', ['pipewright', 'run', 'churn.ts', '--inputs', 'churn.json']), 'threshold: 3')
  // What `pipewright init` makes works as it is, in both languages and with both runners of tests.
  for (const options of [[], ['--javascript', '--test', 'vitest']]) {
    const made = `made${options.length}`
    run('npx', ['pipewright', 'init', made, '--package', `file:../${filename}`, ...options])
    const project = join(folder, made)
    expect(run('npm', ['start'], project), 'threshold: 4')
    run('npm', ['test'], project)
    if (options.length === 0) run('npm', ['run', 'types'], project)
  }
  console.log(`the packed package works in an empty project (${filename})`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
