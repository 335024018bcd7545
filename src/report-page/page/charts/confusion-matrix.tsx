import type { ConfusionMatrixChart } from '../../../artifact/chart.ts'
import { shown } from '../../shown.ts'
import type { Picture } from './picture.ts'

/** A matrix of more classes is drawn as numbers in a table alone. */
const mostDrawn = 12

/** A confusion matrix: a table that is shaded by the share of its row. */
export function confusionPicture(data: ConfusionMatrixChart, given: string | undefined): Picture {
  const { labels, counts, accuracy } = data
  const title = given ?? 'Confusion matrix'
  const names = labels.map((label) => shown(label, 40))
  const sums = counts.map((row) => row.reduce((sum, count) => sum + count, 0))
  const isDense = labels.length > mostDrawn
  const total = sums.reduce((sum, count) => sum + count, 0)
  return {
    title,
    facts: `accuracy ${accuracy.toFixed(4)} · ${total.toLocaleString('en')} rows${isDense ? '' : ' · shares are of each actual class'}`,
    head: ['actual \\ predicted', ...names],
    rows: counts.map((row, index) => [names[index]!, ...row.map(String)]),
    drawing: (
      <div class="scroll" tabIndex={0} role="region" aria-label={title}>
        <table class={isDense ? 'confusion dense' : 'confusion'}>
          <caption class="hidden">{title}: rows are actual classes, columns predicted ones</caption>
          <thead>
            <tr>
              <td />
              <th scope="colgroup" colSpan={names.length} class="predicted">
                predicted
              </th>
            </tr>
            <tr>
              <th scope="col" class="actual">
                actual
              </th>
              {names.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {counts.map((row, i) => (
              <tr key={i}>
                <th scope="row">{names[i]}</th>
                {row.map((count, j) => {
                  const part = sums[i] === 0 ? 0 : count / sums[i]!
                  return (
                    <td key={j} class={i === j ? 'right' : 'wrong'} style={{ '--part': part.toFixed(3) }}>
                      <span class="count">{count.toLocaleString('en')}</span>
                      <span class="part">{(part * 100).toFixed(part === 0 || part === 1 ? 0 : 1)} %</span>
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    ),
  }
}
