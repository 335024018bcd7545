import { spawn } from 'node:child_process'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seededRandom } from '../../execute/random.ts'
import type { Answers } from './drive.ts'
import type { Death } from './dying-port.ts'
import { inFolder, recordProblems, type CrashFailure } from './explore.ts'

/** What a child process is told. */
export interface KillRequest {
  readonly root: string
  readonly module: string
  readonly pipeline: string
  readonly inputs: Readonly<Record<string, unknown>>
  readonly answers: Answers
  readonly death?: Death
  /** Where it writes each attempt that it begins, and the outputs. */
  readonly journal: string
  readonly result: string
}

/**
 * What processes are killed with.
 *
 * @example
 * ```ts
 * await killRuns({ module: 'src/tumours.ts', pipeline: 'tumours', inputs: { csv: 'test/ten-rows.csv' }, kills: 50 })
 * ```
 */
export interface KillOptions {
  /** The module that exports the pipeline. */
  readonly module: string
  /** The name of the pipeline, or of its export. */
  readonly pipeline: string
  readonly inputs: Readonly<Record<string, unknown>>
  /** How many processes are killed, at least; each run is killed twice. */
  readonly kills: number
  readonly answers?: Answers
  /** Default `test`. */
  readonly seed?: string
  /** Arguments of Node before the program, such as those of a loader of TypeScript. Default: those of this process. */
  readonly nodeArguments?: readonly string[]
}

/** What killing processes has found. */
export interface KillReport {
  /** Processes that were ended by SIGKILL. */
  readonly kills: number
  readonly runs: number
  /** The most that an attempt with one idempotency key was begun in a run. */
  readonly mostPerKey: number
  readonly failures: readonly CrashFailure[]
}

const entry = fileURLToPath(
  new URL(`kill-entry.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
)

/**
 * Runs a pipeline in child processes that are killed by SIGKILL, in the middle of a random operation of their stores or at
 * a random moment, and goes on with the run in the next one: the outputs must be those of an undisturbed run.
 *
 * @example
 * ```ts
 * const report = await killRuns({ module: 'src/tumours.ts', pipeline: 'tumours', inputs: {}, kills: 20 })
 * expect(report.failures).toEqual([])
 * ```
 */
export async function killRuns({
  module,
  pipeline,
  inputs,
  kills: wanted,
  answers = {},
  seed = 'test',
  nodeArguments = process.execArgv,
}: KillOptions): Promise<KillReport> {
  const draw = seededRandom(seed)
  const ask = { module, pipeline, inputs, answers }
  const undisturbed = await inFolder(async (root) => {
    const end = await runChild(root, ask, nodeArguments)
    return { ...end, expected: await resultOf(root) }
  })
  const { expected, operations, took } = undisturbed
  const failures: CrashFailure[] = []
  const report = { kills: 0, runs: 0, mostPerKey: 0 }
  for (; report.kills < wanted; report.runs++) {
    await inFolder(async (root) => {
      const deaths: Death[] = []
      for (let killed = 0; killed < 2; killed++) {
        const death: Death = {
          at: 1 + Math.floor(draw() * operations),
          when: draw() < 0.5 ? 'before' : 'after',
        }
        // Every third at a moment of its own, wherever that is.
        const moment = draw() < 1 / 3 ? { killAfter: draw() * took } : { death }
        const end = await runChild(root, { ...ask, ...moment }, nodeArguments)
        if (end.signal !== 'SIGKILL') break
        report.kills++
        deaths.push(death)
      }
      let end = await runChild(root, ask, nodeArguments)
      if (end.run === undefined) end = await runChild(root, ask, nodeArguments)
      const found = await resultOf(root)
      if (found !== expected) failures.push({ deaths, problem: `the run gave ${found}, not ${expected}` })
      for (const problem of await recordProblems(root, end.run)) failures.push({ deaths, problem })
      report.mostPerKey = Math.max(report.mostPerKey, await mostBegun(root))
    })
  }
  return { ...report, failures }
}

const names = { journal: 'journal.txt', result: 'result.json' } as const

async function resultOf(root: string): Promise<string> {
  return readFile(join(root, names.result), 'utf8').catch(() => 'nothing')
}

async function mostBegun(root: string): Promise<number> {
  const counts = new Map<string, number>()
  for (const line of (await readFile(join(root, names.journal), 'utf8')).split('\n'))
    if (line !== '') counts.set(line, (counts.get(line) ?? 0) + 1)
  return Math.max(0, ...counts.values())
}

async function runChild(
  root: string,
  { killAfter, ...ask }: Omit<KillRequest, 'root' | 'journal' | 'result'> & { readonly killAfter?: number },
  nodeArguments: readonly string[],
): Promise<{ signal: NodeJS.Signals | null; run: string | undefined; operations: number; took: number }> {
  const paths = { journal: join(root, names.journal), result: join(root, names.result) }
  await appendFile(paths.journal, '')
  const request: KillRequest = { root, ...ask, ...paths }
  const requestFile = join(root, 'request.json')
  await writeFile(requestFile, JSON.stringify(request))
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...nodeArguments, entry, requestFile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter)
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
    child.once('close', (_code, ended) => resolve(ended))
  })
  clearTimeout(timer)
  const told = (out === '' ? {} : JSON.parse(out)) as { readonly run?: string; readonly operations?: number }
  return { signal, run: told.run, operations: told.operations ?? 1, took: performance.now() - startedAt }
}
