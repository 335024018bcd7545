import type { VNode } from 'preact'
import { durationText } from '../../../ui/text.ts'
import type { PageData, PageNode } from '../../page-data.ts'
import { countsOf } from '../counts.ts'
import { workOf } from '../times.ts'

/** The run in four figures. */
export function Cards({
  steps,
  data,
}: {
  readonly steps: readonly PageNode[]
  readonly data: PageData
}): VNode {
  const counts = countsOf(steps, data.omitted?.states)
  const total = steps.length + (data.omitted?.count ?? 0)
  const worked = steps.reduce((sum, node) => sum + (workOf(node, data) ?? 0), data.omitted?.work ?? 0)
  const unbegun = data.nodes.reduce((sum, node) => sum + (node.unbegun ?? 0), 0)
  const reused = counts.find(([state]) => state === 'reused')?.[1] ?? 0
  const cards: (readonly [string, string, string])[] = [
    [
      'Duration',
      data.run.duration !== undefined
        ? durationText(data.run.duration)
        : data.run.soFar === undefined
          ? 'not over'
          : `${durationText(data.run.soFar)} so far`,
      `${durationText(worked)} of work in steps`,
    ],
    [
      'Steps',
      total.toLocaleString('en'),
      [
        ...counts.map(([state, count]) => `${count.toLocaleString('en')} ${state}`),
        ...(unbegun > 0 ? [`and ${unbegun.toLocaleString('en')} items of maps that have not begun`] : []),
      ].join(', '),
    ],
    [
      'From the cache',
      total === 0 ? '0 %' : `${Math.round((100 * reused) / total)} %`,
      reused === 0
        ? 'nothing was reused'
        : `${reused.toLocaleString('en')} step${reused === 1 ? '' : 's'} reused`,
    ],
    ['Artifacts', data.artifacts.length.toLocaleString('en'), 'used or made, each once'],
  ]
  return (
    <ul class="cards">
      {cards.map(([name, value, note]) => (
        <li key={name}>
          <p class="card-name">{name}</p>
          <p class="card-value">{value}</p>
          <p class="muted">{note}</p>
        </li>
      ))}
    </ul>
  )
}
