import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { appends } from './cases/appends.ts'
import { caching } from './cases/caching.ts'
import { cliStart } from './cases/cli-start.ts'
import { durableCalls } from './cases/durable-calls.ts'
import { firstRun } from './cases/first-run.ts'
import { importTime } from './cases/import-time.ts'
import { keys } from './cases/keys.ts'
import { largeFile } from './cases/large-file.ts'
import { lineage } from './cases/lineage.ts'
import { maps } from './cases/maps.ts'
import { memory } from './cases/memory.ts'
import { planning } from './cases/planning.ts'
import { python } from './cases/python.ts'
import { pythonTable } from './cases/python-table.ts'
import { redaction } from './cases/redaction.ts'
import { reportPage } from './cases/report-page.ts'
import { resume } from './cases/resume.ts'
import { runners } from './cases/runners.ts'
import { sharedStore } from './cases/shared-store.ts'
import { stepOverhead } from './cases/step-overhead.ts'
import { typeCost } from './cases/type-cost.ts'
import { writeDocs } from './docs.ts'
import type { Figure } from './measure.ts'

const cases = {
  stepOverhead,
  durableCalls,
  python,
  pythonTable,
  maps,
  resume,
  appends,
  memory,
  runners,
  caching,
  sharedStore,
  keys,
  largeFile,
  planning,
  lineage,
  importTime,
  cliStart,
  firstRun,
  typeCost,
  reportPage,
  redaction,
}
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))

const figures: Figure[] = []
for (const [name, run] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  process.stderr.write(`${name} …\n`)
  figures.push(...(await run()))
}

const number = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))
const rows = figures.map(({ name, value, unit, bare, budget }) => [
  name,
  `${number(value)} ${unit}`,
  bare === undefined ? '' : `${number(bare)} ${unit}`,
  bare === undefined ? '' : `${(value / bare).toFixed(2)}x`,
  budget ?? '',
])
const head = ['what', 'measured', 'bare loop', 'ratio', 'budget']
const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`
const table = [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
console.log(table)

const machine = {
  node: process.versions.node,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  date: new Date().toISOString().slice(0, 10),
}
writeFileSync(new URL('results.json', import.meta.url), `${JSON.stringify({ machine, figures }, null, 2)}\n`)
if (process.argv.includes('--docs')) await writeDocs(machine, table)
