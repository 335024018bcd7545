import { truthCases } from '../truth/edits.ts'
import type {
  CachedResult,
  ChainResult,
  InstallResult,
  MapResult,
  PeerResult,
  ResumeResult,
} from '../results.ts'
import { beyondStart, milliseconds, number, seconds, table } from './format.ts'
import type { Row } from './measures.ts'

const megabytes = (value: number): string => `${number(value)} MB`

/** What stands on disk when a step has ended. */
export function keepingTable(rows: readonly Row[]): string {
  return table(
    ['', 'versions', 'kept when a step has ended', 'syncs a step'],
    rows.map(({ peer, result }) => [
      peer.title,
      Object.entries(result.versions)
        .filter(([name]) => name !== 'zod')
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
      peer.keeps,
      result.syncs === undefined ? 'not measured' : number(result.syncs),
    ]),
    'text',
  )
}

/** How it is used: as the figures were measured. */
export function usageTable(rows: readonly Row[]): string {
  return table(
    ['', 'cache', 'goes on after a failure by', 'to know'],
    rows.map(({ peer }) => [
      peer.title,
      'on' in peer.cache ? peer.cache.on : peer.cache.none,
      peer.resume,
      peer.note ?? '',
    ]),
    'text',
  )
}

/** A table of one case: a row for each peer that it was measured of. */
function caseTable<T>(
  rows: readonly Row[],
  of: (result: PeerResult) => T | undefined,
  columns: Readonly<Record<string, (value: T) => string>>,
): string {
  const body = rows.flatMap(({ peer, result }) => {
    const value = of(result)
    return value === undefined ? [] : [[peer.title, ...Object.values(columns).map((show) => show(value))]]
  })
  return body.length === 0 ? 'Not measured.' : table(['', ...Object.keys(columns)], body)
}

export const chainTable = (rows: readonly Row[]): string =>
  caseTable<ChainResult>(rows, ({ chain }) => chain, {
    'start-up': ({ smallest }) => seconds(smallest.wall),
    steps: ({ size }) => String(size),
    'whole chain': ({ whole }) => seconds(whole.wall),
    'a step': ({ step }) => beyondStart(step.wall),
    'a step, processor': ({ step }) => beyondStart(step.cpu),
    'peak memory': ({ whole }) => `${number(whole.rss)} MiB`,
    repeated: ({ whole }) => String(whole.repetitions),
    'cores others used': ({ whole }) => whole.others.toFixed(1),
  })

export const mapTable = (rows: readonly Row[]): string =>
  caseTable<MapResult>(rows, ({ map }) => map, {
    items: ({ width }) => number(width),
    'whole map': ({ whole }) => seconds(whole.wall),
    'an item': ({ item }) => beyondStart(item.wall),
    'an item, processor': ({ item }) => beyondStart(item.cpu),
    'peak memory': ({ whole }) => `${number(whole.rss)} MiB`,
    repeated: ({ whole }) => String(whole.repetitions),
    'cores others used': ({ whole }) => whole.others.toFixed(1),
  })

export const cachedTable = (rows: readonly Row[]): string =>
  caseTable<CachedResult>(rows, ({ cached }) => cached, {
    steps: ({ size }) => String(size),
    'first run': ({ first }) => seconds(first.wall),
    'second run': ({ second }) => seconds(second.wall),
    'a step over the start-up': ({ step }) => beyondStart(step.wall),
    'bodies run again': ({ bodies }) => String(bodies),
    repeated: ({ second }) => String(second.repetitions),
  })

export const resumeTable = (rows: readonly Row[]): string =>
  caseTable<ResumeResult>(rows, ({ resume }) => resume, {
    steps: ({ size }) => String(size),
    'until the failure': ({ failed }) => seconds(failed.wall),
    'going on': ({ resumed }) => seconds(resumed.wall),
    'bodies run at first': ({ bodies }) => String(bodies[0]),
    'bodies run then': ({ bodies }) => String(bodies[1]),
  })

export function truthTable(rows: readonly Row[]): string {
  const tested = rows.filter(({ result }) => result.truth !== undefined)
  if (tested.length === 0) return 'Not measured.'
  const cell = (row: Row, { step, should }: (typeof truthCases)[number]): string => {
    const verdict = row.result.truth!.verdicts[step]
    if (verdict === should) return should === 'hit' ? 'hit ✓' : 'runs ✓'
    if (verdict === 'blind') return '**stale**: upstream did not run'
    return verdict === 'hit' ? '**stale**' : 'runs needlessly'
  }
  return table(
    ['', 'should', ...tested.map(({ peer }) => peer.title)],
    [
      ...truthCases.map((one) => [
        one.title,
        one.should === 'hit' ? 'hit' : 'run',
        ...tested.map((row) => cell(row, one)),
      ]),
      ['**right**', '', ...tested.map(({ result }) => `${result.truth!.right} of ${truthCases.length}`)],
    ],
    'text',
  )
}

export const installTable = (rows: readonly Row[]): string =>
  caseTable<InstallResult>(
    rows.filter(({ peer }) => peer.environment === undefined || peer.environment === peer.id),
    ({ install }) => install,
    {
      import: (value) => milliseconds(value.import),
      'size on disk': (value) => megabytes(value.megabytes),
      packages: ({ packages }) => String(packages),
    },
  )
