import type { VNode } from 'preact'
import { line } from 'd3-shape'
import { numberText } from '../../../ui/text.ts'
import type { PageCurve } from '../../page-data.ts'
import { notFiniteText } from '../charts/not-finite.ts'
import { Plot } from '../charts/plot.tsx'

/** The points of a metric over its steps. */
export function MetricCurve({ curve }: { readonly curve: PageCurve }): VNode {
  const { name, points, count } = curve
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
  const warning = notFiniteText([curve])
  const [low, high] = [Math.min(...ys), Math.max(...ys)]
  return (
    <figure class="chart">
      <figcaption>
        <strong>{name}</strong> <span class="muted">{count} points</span>
        {warning !== undefined && <span class="chart-warning">{warning}</span>}
      </figcaption>
      <Plot
        title={name}
        description={`${count} points from ${numberText(low)} to ${numberText(high)}, the last ${numberText(ys.at(-1)!)}`}
        x={{ label: 'step', domain: [Math.min(...xs), Math.max(...xs)] }}
        y={{ label: '', domain: [low, high], nice: true }}
        height={200}
      >
        {(x, y) => (
          <path
            class="curve"
            d={
              line<readonly [number, number]>()
                .x((point) => x(point[0]))
                .y((point) => y(point[1]))(points) ?? ''
            }
          />
        )}
      </Plot>
    </figure>
  )
}
