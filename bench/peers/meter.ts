import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from './peer.ts'
import { here } from './places.ts'
import type { Usage } from './results.ts'
import { lastLines, shell } from './shell.ts'

/** One measured run of a command. */
export interface Metered extends Omit<Usage, 'repetitions'> {
  /** The exit code; null: it was stopped at its time limit. */
  readonly code: number | null
  /** The last lines that it printed. */
  readonly said: string
}

export interface MeterOptions {
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
  /** Seconds. */
  readonly limit: number
  /** A server whose work for it counts. */
  readonly server?: number | undefined
}

// By its own path: the Python of the command may be one of a peer's environment.
const python = (await shell(['python3', '-c', 'import sys; print(sys.executable)'], { cwd: here })).trim()

/** Runs a command in a folder and tells what it and all its processes have used; none of them stays behind. */
export async function meter(command: Command, options: MeterOptions): Promise<Metered> {
  const { folder, env, limit, server = 0 } = options
  const result = join(folder, 'meter.json')
  const output = join(folder, 'output.txt')
  const script = join(here, 'meter.py')
  await shell([python, script, result, output, String(limit), String(server), ...command], {
    cwd: folder,
    env,
  })
  const used = JSON.parse(await readFile(result, 'utf8')) as Omit<Metered, 'said'>
  return { ...used, said: lastLines(await readFile(output, 'utf8')) }
}

/** The median of each figure. */
export function medianOf(runs: readonly Metered[]): Usage {
  const of = (figure: (run: Metered) => number): number => median(runs.map(figure))
  return {
    wall: of(({ wall }) => wall),
    cpu: of(({ cpu }) => cpu),
    rss: of(({ rss }) => rss),
    others: of(({ others }) => others),
    repetitions: runs.length,
  }
}

/** The middle one; of an even count the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}
