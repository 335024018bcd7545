import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Figure } from '../measure.ts'

const program = fileURLToPath(new URL('../programs/runners.mjs', import.meta.url))

type Measured = Readonly<
  Record<
    | 'inline'
    | 'first'
    | 'thread'
    | 'warm'
    | 'mapped'
    | 'spawned'
    | 'passed'
    | 'passedInline'
    | 'copied'
    | 'size',
    number
  >
>

/** What steps in threads and processes cost. */
export async function runners(): Promise<Figure[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [program])
  const { inline, first, thread, warm, mapped, spawned, passed, passedInline, copied, size } = JSON.parse(
    stdout,
  ) as Measured
  const table = `${Math.round(size / 1e6)} MB table to`
  return [
    { name: 'first step in a process: start, load, run', value: first, unit: 'ms' },
    {
      name: 'warm step in a thread (bare: inline)',
      value: thread,
      unit: 'ms',
      bare: inline,
      budget: '<= 2 ms more',
    },
    {
      name: 'warm step in a process (bare: inline)',
      value: warm,
      unit: 'ms',
      bare: inline,
      budget: '<= 2 ms more',
    },
    {
      name: 'map of 100 steps in processes (bare: spawn one for each)',
      value: mapped,
      unit: 'ms',
      bare: spawned,
    },
    {
      name: `${table} a step inline and back (bare: copy a file)`,
      value: passedInline,
      unit: 'ms',
      bare: copied,
    },
    {
      name: `${table} a process and back (bare: copy a file)`,
      value: passed,
      unit: 'ms',
      bare: copied,
      budget: '<= 1.3x',
    },
  ]
}
