import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Figure } from '../measure.ts'

const program = fileURLToPath(new URL('../programs/memory.mjs', import.meta.url))

interface Held {
  readonly took: number
  readonly heap: number
  readonly peak: number
}

async function held(what: 'map' | 'timers'): Promise<Held> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, what])
  return JSON.parse(stdout) as Held
}

const mebibytes = (bytes: number): number => bytes / 2 ** 20

/** What 100,000 items of a map, and 100,000 pending timers, take: each in a process of its own. */
export async function memory(): Promise<Figure[]> {
  const map = await held('map')
  const timers = await held('timers')
  return [
    { name: 'map of 100,000 items', value: map.took, unit: 'ms' },
    { name: 'the most memory of its process', value: mebibytes(map.peak), unit: 'MiB', budget: '<= 300 MiB' },
    { name: '100,000 pending timers, begun', value: timers.took, unit: 'ms' },
    { name: 'heap that they hold', value: mebibytes(timers.heap), unit: 'MiB' },
  ]
}
