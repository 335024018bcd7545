import { PipewrightError } from '../../internal/error.ts'
import { runnerNames } from '../../define/step.ts'
import type { Selection } from '../../plan/select.ts'
import type { RunOptions } from '../../workspace/run-options.ts'
import type { InputOptions } from '../inputs/given-inputs.ts'
import { durationOf, shareOf, wordOf } from '../option-values.ts'
import { cacheModes, failurePolicies } from '../option-words.ts'
import type { DriveOptions } from './drive.ts'

/** What `pipewright run` is given. */
export interface RunArguments extends InputOptions, Selection, DriveOptions {
  readonly tag?: readonly string[]
  readonly key?: string
  readonly concurrency?: number
  readonly failure?: string
  readonly timeout?: string
  readonly cache?: string
  readonly refresh?: readonly string[]
  readonly verifyCache?: string
  readonly runner?: string
  readonly watch?: boolean
  readonly like?: string
}

function failurePolicy(text: string | undefined): Pick<RunOptions, 'failure'> {
  return text === undefined ? {} : { failure: wordOf('--failure', text, 'not a policy', failurePolicies) }
}

function cacheMode({ cache, refresh }: Pick<RunArguments, 'cache' | 'refresh'>): Pick<RunOptions, 'cache'> {
  if (cache !== undefined && refresh !== undefined) {
    throw new PipewrightError('USAGE_INVALID', '--cache and --refresh are not possible together', {
      fix: 'give one of them: --refresh executes all nodes, --refresh <node> some',
    })
  }
  if (refresh !== undefined) return { cache: refresh.includes('**') ? 'refresh' : { refresh } }
  return cache === undefined ? {} : { cache: wordOf('--cache', cache, 'not a mode', cacheModes) }
}

/** The part of the pipeline that is named; none where all of it is meant. */
export function selectionOf({ from, to, only, tags }: Selection): Pick<RunOptions, 'select'> {
  const select = Object.fromEntries(
    Object.entries({ from, to, only, tags }).filter(([, patterns]) => patterns !== undefined),
  ) as Selection
  return Object.keys(select).length === 0 ? {} : { select }
}

/** The options of a run as they were typed. */
export function runOptionsOf(options: RunArguments): RunOptions {
  const { tag, key, concurrency, timeout, verifyCache, runner } = options
  return {
    ...(tag === undefined ? {} : { tags: tag }),
    ...(key === undefined ? {} : { key }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(timeout === undefined ? {} : { timeout: durationOf('--timeout', timeout) }),
    ...selectionOf(options),
    ...cacheMode(options),
    ...(verifyCache === undefined ? {} : { verifyCache: shareOf('--verify-cache', verifyCache) }),
    ...(runner === undefined ? {} : { runner: wordOf('--runner', runner, 'not a runner', runnerNames) }),
    ...failurePolicy(options.failure),
  }
}
