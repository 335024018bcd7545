import type { RunDetail } from '../record/records.ts'
import { durationText } from '../ui/text.ts'
import { verificationLines } from '../ui/verification-text.ts'
import { Budget, limits } from './budget.ts'
import { pageError } from './errors.ts'
import { isGoingOn } from './progress.ts'
import { shown } from './shown.ts'
import type { PageData } from './page-data.ts'

type Pairs = readonly (readonly [string, string])[]

function settingsOf({ settings }: RunDetail): Pairs {
  const { concurrency, failure, failFast, timeout, cache, selection, verifyCache } = settings
  const pairs: [string, string][] = [
    ['concurrency', String(concurrency)],
    ['on failure', failFast ? `${failure}, fail fast` : failure],
  ]
  if (timeout !== undefined) pairs.push(['timeout', durationText(timeout)])
  if (cache !== undefined)
    pairs.push(['cache', typeof cache === 'string' ? cache : `refresh ${cache.refresh.join(', ')}`])
  if (selection !== undefined) pairs.push(['selection', JSON.stringify(selection)])
  if (verifyCache !== undefined) pairs.push(['verified hits', `${verifyCache * 100} %`])
  return pairs.map(([name, text]) => [name, shown(text, 400)])
}

/** The head of a page: the run as a whole. */
export function runData(detail: RunDetail, madeAt: number): PageData['run'] {
  const { id, pipeline, state, startedAt, finishedAt, tags, key, pinned, error, address, structure } = detail
  return {
    id,
    pipeline: shown(pipeline),
    state,
    startedAt: new Date(startedAt).toISOString(),
    ...(finishedAt === null ? {} : { duration: finishedAt - startedAt }),
    ...(isGoingOn(detail) ? { soFar: madeAt - startedAt } : {}),
    tags: tags.map((tag) => shown(tag, 120)),
    key: key === null ? null : shown(key, 200),
    pinned,
    ...(detail.undone.length === 0 ? {} : { undone: true as const }),
    ...(detail.rerunOf === null ? {} : { rerunOf: detail.rerunOf }),
    ...(error === null ? {} : { error: pageError(error, new Budget(limits.errorBytes)) }),
    ...(address === null ? {} : { module: shown(address.module) }),
    structure,
    settings: settingsOf(detail),
    verification: verificationLines(detail.verification).map((line) => shown(line, 1_000)),
  }
}

/** The software and the machine of a run, and the versions of its packages. */
export function environmentData({ environment }: RunDetail): Pick<PageData, 'environment' | 'packages'> {
  if (environment === null) return { environment: [], packages: [] }
  const { node, platform, host, pipewright, packages, git } = environment
  const pairs: [string, string][] = [
    ['Node', node],
    ['Platform', platform],
    ['Host', host],
    ['Pipewright', pipewright],
  ]
  if (git === null) pairs.push(['Git', 'not in a repository'])
  else
    pairs.push(
      ['Commit', `${git.commit}${git.dirty ? ' (with changes that are not committed)' : ''}`],
      ['Branch', git.branch ?? '(none)'],
    )
  return {
    environment: pairs.map(([name, text]) => [name, shown(text, 300)]),
    packages: Object.entries(packages).map(([name, version]) => [shown(name, 200), shown(version, 100)]),
  }
}
