import { truthCases } from '../truth/edits.ts'
import type { Results } from '../results.ts'
import { beyondStart, number, seconds, table } from './format.ts'
import { rowsOf } from './measures.ts'

/** In the README the summary stands between these. */
const marks = { begin: '<!-- bench:peers -->', end: '<!-- /bench:peers -->' }

/** The results of one run in few columns; a dash is what was not measured, not at the size, or is lost in the start-up. */
export function renderSummary(results: Results): string {
  const show = (value: number | undefined, as: (value: number) => string): string =>
    value === undefined ? '–' : as(value)
  const rows = rowsOf(results).map(({ peer, result: { chain, map, cached, resume, truth, install } }) => [
    peer.durable === false ? `${peer.title}, keeps nothing` : peer.title,
    show(chain?.smallest.wall, seconds),
    show(chain?.step.wall, beyondStart),
    show(map?.item.wall, beyondStart),
    'none' in peer.cache ? 'no cache' : show(cached?.size === 100 ? cached.second.wall : undefined, seconds),
    show(resume?.size === 100 ? resume.resumed.wall : undefined, seconds),
    'none' in peer.cache ? 'no cache' : show(truth?.right, (right) => `${right} of ${truthCases.length}`),
    show(install?.megabytes, (size) => `${number(size)} MB`),
  ])
  return table(
    [
      '',
      'a run of one step',
      'each step of a chain',
      'each item of a map',
      '100 steps, cached',
      'the last 51 after a failure',
      'cache right',
      'installed',
    ],
    rows,
  )
}

/** The README with the summary of these results in its place. */
export function withSummary(readme: string, results: Results): string {
  const begin = readme.indexOf(marks.begin)
  const end = readme.indexOf(marks.end)
  if (begin < 0 || end < begin) throw new Error(`README.md: ${marks.begin} … ${marks.end} is missing`)
  return `${readme.slice(0, begin + marks.begin.length)}\n\n${renderSummary(results)}\n\n${readme.slice(end)}`
}
