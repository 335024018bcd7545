import type { Peer } from '../peer.ts'
import { peers } from '../peers.ts'
import type { PeerResult, Results } from '../results.ts'
import { milliseconds, number, seconds, series } from './format.ts'

/** A peer and what was measured of it. */
export interface Row {
  readonly peer: Peer
  readonly result: PeerResult
}

export function rowsOf({ peers: measured }: Results): readonly Row[] {
  return peers.flatMap((peer) => {
    const result = measured[peer.id]
    return result === undefined ? [] : [{ peer, result }]
  })
}

interface Measure {
  readonly title: string
  /** Less is better; undefined where it was not measured, or not at the size that was asked for. */
  readonly of: (result: PeerResult) => number | undefined
  readonly show: (value: number) => string
}

/** A step that costs less than the start-up varies is not told. */
const told = (value: number | undefined): number | undefined =>
  value !== undefined && value > 0 ? value : undefined

const measures: readonly Measure[] = [
  { title: 'start-up', of: ({ chain }) => chain?.smallest.wall, show: seconds },
  { title: 'step of a chain', of: ({ chain }) => told(chain?.step.wall), show: milliseconds },
  {
    title: 'step of a chain, processor time',
    of: ({ chain }) => told(chain?.step.cpu),
    show: milliseconds,
  },
  {
    title: 'memory of the chain',
    of: ({ chain }) => chain?.whole.rss,
    show: (value) => `${number(value)} MiB`,
  },
  {
    title: 'map of 1,000',
    of: ({ map }) => (map?.width === 1000 ? map.whole.wall : undefined),
    show: seconds,
  },
  {
    title: 'cached chain, whole command',
    of: ({ cached }) => (cached?.size === 100 ? cached.second.wall : undefined),
    show: seconds,
  },
  {
    title: 'going on after the failure, whole command',
    of: ({ resume }) => (resume?.size === 100 ? resume.resumed.wall : undefined),
    show: seconds,
  },
  {
    title: 'cache truth, wrong verdicts',
    of: ({ truth }) => (truth === undefined ? undefined : Object.keys(truth.verdicts).length - truth.right),
    show: String,
  },
  { title: 'import', of: ({ install }) => install?.import, show: milliseconds },
  { title: 'size installed', of: ({ install }) => install?.megabytes, show: (value) => `${value} MB` },
  { title: 'packages installed', of: ({ install }) => install?.packages, show: String },
]

/** For each measure who is better than Pipewright, in words. */
export function aheadOf(rows: readonly Row[]): string {
  const own = rows.find(({ peer }) => peer.id === 'pipewright')?.result
  if (own === undefined) return 'Pipewright was not measured.'
  return measures
    .flatMap(({ title, of, show }) => {
      const mine = of(own)
      if (mine === undefined) return []
      const better = rows
        .flatMap(({ peer, result }) => {
          const value = of(result)
          return value !== undefined && value < mine ? [{ peer, value }] : []
        })
        .toSorted((a, b) => a.value - b.value)
        .map(
          ({ peer, value }) =>
            `${peer.title} (${show(value)}${peer.durable === false ? ', keeps nothing' : ''})`,
        )
      const who =
        better.length === 0
          ? 'nobody is ahead'
          : `ahead ${better.length === 1 ? 'is' : 'are'} ${series(better)}`
      return [`- **${title}**: ${who}; Pipewright: ${show(mine)}.`]
    })
    .join('\n')
}

/** What was tried and did not work, and what was made smaller. */
export function notRun(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ peer, result: { failures, chain, map } }) => [
    ...Object.entries(failures).map(
      ([name, why]) => `- ${peer.title}, ${name === 'all' ? 'left out altogether' : name}: ${why}`,
    ),
    ...(chain !== undefined && chain.size < 100
      ? [`- ${peer.title}: chains of ${chain.size} instead of 100, for the time limit.`]
      : []),
    ...(map !== undefined && map.limited !== null
      ? [`- ${peer.title}: a map of ${map.width} instead of 1,000: ${map.limited}.`]
      : []),
  ])
  return lines.length === 0 ? 'Everything that was asked for was run.' : lines.join('\n')
}
