import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '../../internal/canonical.ts'
import type { Pipeline } from '../../define/runnable.ts'
import { seededRandom } from '../../execute/random.ts'
import type { Given } from '../../plan/inputs.ts'
import { openSqliteMetadata } from '../../record/sqlite/store.ts'
import { drive, type Answers } from './drive.ts'
import type { Death } from './dying-port.ts'

/**
 * What crashes are explored with.
 *
 * @example
 * ```ts
 * await exploreCrashes(tumours, { csv: 'test/ten-rows.csv' }, { random: 100, answers: { 'go-live': { approved: true } } })
 * ```
 */
export interface CrashOptions {
  /** What is said to the run when it waits: by the path of an approval, or the name of a signal. */
  readonly answers?: Answers
  /** How many runs are killed at random places, beside those at every place in turn. Default 20. */
  readonly random?: number
  /** What the random places are drawn from. Default `test`. */
  readonly seed?: string
  /** How many runs go on at once. Default 4. */
  readonly concurrency?: number
}

/** A crash after which something was not as it should be. */
export interface CrashFailure {
  /** Where the run was killed: one after the other. */
  readonly deaths: readonly Death[]
  readonly problem: string
}

/** What exploring crashes has found. */
export interface CrashReport {
  /** Store operations of an undisturbed run. */
  readonly operations: number
  /** Runs that were killed and gone on with. */
  readonly runs: number
  /** How often a run was killed in all. */
  readonly crashes: number
  /** By node: in how many of the runs it was begun more than once. */
  readonly repeated: Readonly<Record<string, number>>
  /** The most that an attempt with one idempotency key was begun in a run. */
  readonly mostPerKey: number
  readonly failures: readonly CrashFailure[]
}

/** A run of which each process but the last is killed. */
interface Story {
  readonly deaths: readonly Death[]
}

/**
 * Kills runs of a pipeline at every operation of its stores in turn, before and after it happens, and at random, goes on
 * with each, kills it again and goes on: the outputs must be those of an undisturbed run, and what has succeeded must
 * not be executed again.
 *
 * Everything happens in this process, over a real workspace in a temporary folder: the stores stop to answer, what is in memory
 * is dropped, and the workspace is opened again from disk. {@link killRuns} kills processes.
 *
 * @example
 * ```ts
 * const { crashes, failures } = await exploreCrashes(tumours, { csv: 'test/ten-rows.csv' })
 * expect(failures).toEqual([])
 * ```
 */
export async function exploreCrashes<In, Out>(
  pipeline: Pipeline<In, Out>,
  inputs: Given<NoInfer<In>>,
  { answers = {}, random = 20, seed = 'test', concurrency = 4 }: CrashOptions = {},
): Promise<CrashReport> {
  const given = inputs as Readonly<Record<string, unknown>>
  const errand = { pipeline, inputs: given, key: 'crash', answers } as const
  const undisturbed = await inFolder((root) => drive({ ...errand, root }))
  const expected = resultText(undisturbed.result)
  const { operations } = undisturbed
  const draw = seededRandom(seed)
  const someDeath = (): Death => ({
    at: 1 + Math.floor(draw() * operations),
    when: draw() < 0.5 ? 'before' : 'after',
  })
  const stories: Story[] = []
  for (let at = 1; at <= operations; at++)
    for (const when of ['before', 'after'] as const) stories.push({ deaths: [{ at, when }, someDeath()] })
  for (let count = 0; count < random; count++)
    stories.push({ deaths: [someDeath(), someDeath(), someDeath()] })

  const repeated: Record<string, number> = {}
  const failures: CrashFailure[] = []
  let crashes = 0
  let mostPerKey = 0
  const tell = async ({ deaths }: Story): Promise<void> => {
    const begun = new Map<string, number>()
    const onAttempt = ({ node, idempotencyKey }: { node: string; idempotencyKey: string }): void => {
      const key = `${node}\n${idempotencyKey}`
      begun.set(key, (begun.get(key) ?? 0) + 1)
    }
    await inFolder(async (root) => {
      const happened: Death[] = []
      const died = (death: Death) => (): void => void happened.push(death)
      let end
      for (const death of deaths) {
        end = await drive({ ...errand, root, death, onDeath: died(death), onAttempt })
        if (end.result !== undefined) break
      }
      if (end?.result === undefined) end = await drive({ ...errand, root, onAttempt })
      crashes += happened.length
      const found = resultText(end.result)
      if (found !== expected)
        failures.push({ deaths: happened, problem: `the run gave ${found}, not ${expected}` })
      for (const problem of await recordProblems(root, end.run)) failures.push({ deaths: happened, problem })
    })
    for (const [key, count] of begun) {
      mostPerKey = Math.max(mostPerKey, count)
      const [node = ''] = key.split('\n')
      if (count > 1) repeated[node] = (repeated[node] ?? 0) + 1
    }
  }
  const queue = stories.values()
  const work = async (): Promise<void> => {
    for (const story of queue) await tell(story)
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return { operations, runs: stories.length, crashes, repeated, mostPerKey, failures }
}

/** Does something in a folder that is removed afterwards. */
export async function inFolder<T>(work: (root: string) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'pipewright-crash-'))
  try {
    return await work(root)
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
}

function resultText(result: Awaited<ReturnType<typeof drive>>['result']): string {
  if (result === undefined) return 'nothing'
  if ('error' in result)
    return `an error: ${String((result.error as Error | undefined)?.message).split('\n')[0]!}`
  return canonicalJson(result.outputs)
}

/** What is wrong in the record of a run: a node that has succeeded twice, or an attempt of one that had. */
export async function recordProblems(root: string, run: string | undefined): Promise<readonly string[]> {
  if (run === undefined) return ['the run is not recorded']
  const metadata = await openSqliteMetadata(join(root, '.pipewright', 'metadata.sqlite'))
  try {
    const problems: string[] = []
    const succeeded = new Set<string>()
    for await (const { event } of metadata.events(run)) {
      if (event.type === 'node.succeeded') {
        if (succeeded.has(event.node)) problems.push(`'${event.node}' has succeeded twice`)
        succeeded.add(event.node)
      } else if (event.type === 'attempt.started' && succeeded.has(event.node))
        problems.push(`'${event.node}' was begun again after it had succeeded`)
    }
    return problems
  } finally {
    await metadata.close()
  }
}
