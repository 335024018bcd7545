import { availableParallelism } from 'node:os'
import { byteSize } from '../internal/byte-size.ts'
import { milliseconds, type Duration } from '../internal/duration.ts'
import { programEnvironment } from '../internal/environment.ts'
import type { RunnerName } from '../define/step.ts'
import type { StepDeclaration } from '../plan/document.ts'

/** Which steps a rule is about, and where they run. */
export interface RunnerRule {
  /** A step that asks for at least so much of each of these: `{ memory: '2GiB' }`, `{ gpu: 1 }`. */
  readonly resources: Readonly<Record<string, number | string>>
  readonly runner: RunnerName
}

/**
 * How threads are kept.
 *
 * @example
 * ```ts
 * export default defineConfig({ runners: { thread: { recycleAfter: 100, idle: '2m', most: 4 } } })
 * ```
 */
export interface ThreadSettings {
  /** A thread has served so many steps when another one takes its place. Default 1,000. */
  readonly recycleAfter?: number
  /** How long one that does nothing is kept. Default `'30s'`. */
  readonly idle?: Duration
  /** How many that do nothing are kept. Default: the processors. */
  readonly most?: number
}

/**
 * How child processes are started and kept.
 *
 * @example
 * ```ts
 * export default defineConfig({ runners: { process: { env: ['AWS_PROFILE'], memory: '2GiB' } } })
 * ```
 */
export interface ProcessSettings extends ThreadSettings {
  /**
   * Names of environment variables that steps in processes see beside those that they declare and the ordinary ones (PATH, HOME,
   * locale, time zone, proxies, certificates); `'all'`: all of this process. Default: none.
   */
  readonly env?: readonly string[] | 'all'
  /** The most memory of a step that says nothing of it. Default: no limit. */
  readonly memory?: number | string
}

/**
 * Where steps run that do not say so themselves.
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   runners: {
 *     rules: [{ resources: { memory: '2GiB' }, runner: 'process' }], // what asks for much has a process of its own
 *     process: { env: ['AWS_PROFILE'], recycleAfter: 100 },
 *   },
 * })
 * ```
 */
export interface RunnerSettings {
  /** Default `inline`. */
  readonly default?: RunnerName
  /** The first that fits decides. */
  readonly rules?: readonly RunnerRule[]
  readonly thread?: ThreadSettings
  readonly process?: ProcessSettings
}

/** The environment of a child: what every program needs, what is allowed, and what steps declare. */
export function allowedEnvironment(
  env: ProcessSettings['env'],
  declared: readonly string[],
): Record<string, string> {
  if (env === 'all') return { ...(process.env as Record<string, string>) }
  return programEnvironment([...declared, ...(env ?? [])])
}

function amountOf(name: string, amount: number | string | undefined): number {
  if (amount === undefined) return 0
  if (name === 'memory') return byteSize(amount, 'resources.memory')
  return Number(amount)
}

/** Where a step is to run: as the run says, the step, the first rule that fits, the settings. */
export function runnerOf(
  { default: other = 'inline', rules = [] }: RunnerSettings,
  { runner, resources = {} }: Pick<StepDeclaration, 'runner' | 'resources'>,
  ofRun: RunnerName | undefined,
): RunnerName {
  const fits = (rule: RunnerRule): boolean =>
    Object.entries(rule.resources).every(
      ([name, least]) => amountOf(name, resources[name]) >= amountOf(name, least),
    )
  return ofRun ?? runner ?? rules.find(fits)?.runner ?? other
}

/** How children of a kind are kept, with the defaults. */
export function keeping({ recycleAfter = 1_000, idle = '30s', most }: ThreadSettings): {
  readonly recycleAfter: number
  readonly idle: number
  readonly most: number
} {
  return {
    recycleAfter,
    idle: milliseconds(idle, 'runners.idle'),
    most: most ?? availableParallelism(),
  }
}
