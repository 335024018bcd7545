import { line } from 'd3-shape'
import type { VNode } from 'preact'
import { numberText } from '../../../ui/text.ts'
import type { StepFigures } from '../summary/figures.ts'
import { NodeLink } from '../parts/name.tsx'
import { notFiniteText } from './not-finite.ts'
import { Plot } from './plot.tsx'

/** So many lines can be told apart; more are left out. */
const mostLines = 8

/** A metric of several nodes in one picture. */
export function CurvesFigure({
  name,
  nodes,
}: {
  readonly name: string
  readonly nodes: StepFigures['nodes']
}): VNode {
  const series = nodes.flatMap(({ path, curves }) => {
    const curve = curves.find((one) => one.name === name)
    return curve === undefined || curve.points.length === 0 ? [] : [{ path, ...curve }]
  })
  const drawn = series.slice(0, mostLines)
  const points = drawn.flatMap(({ points }) => points)
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)]
  const warning = notFiniteText(drawn)
  const lasts = drawn.map(({ points }) => points.at(-1)![1])
  return (
    <figure class="chart">
      <figcaption>
        <strong>{name}</strong>{' '}
        <span class="muted">
          over its steps
          {series.length > mostLines && `, ${mostLines} of ${series.length.toLocaleString('en')} nodes`}
        </span>
        {warning !== undefined && <span class="chart-warning">{warning}</span>}
      </figcaption>
      <Plot
        title={`${name} over its steps`}
        description={`${drawn.length} curves, the last values from ${numberText(Math.min(...lasts))} to ${numberText(Math.max(...lasts))}`}
        x={{ label: 'step', domain: [Math.min(...xs), Math.max(...xs)] }}
        y={{ label: '', domain: [Math.min(...ys), Math.max(...ys)], nice: true }}
        height={240}
      >
        {(x, y) =>
          drawn.map(({ path, points }, index) => (
            <path
              key={path}
              class={`curve series-${index}`}
              d={
                line<readonly [number, number]>()
                  .x((point) => x(point[0]))
                  .y((point) => y(point[1]))(points) ?? ''
              }
            />
          ))
        }
      </Plot>
      {drawn.length > 1 && (
        <ul class="legend">
          {drawn.map(({ path }, index) => (
            <li key={path}>
              <svg class="line-sample" width="22" height="10" aria-hidden="true">
                <path class={`curve series-${index}`} d="M1 5H21" />
              </svg>{' '}
              <NodeLink path={path} />
            </li>
          ))}
        </ul>
      )}
    </figure>
  )
}

/** The names of the curves that any of some nodes have. */
export function curveNames(nodes: StepFigures['nodes']): readonly string[] {
  return [
    ...new Set(
      nodes.flatMap(({ curves }) => curves.filter(({ points }) => points.length > 1).map(({ name }) => name)),
    ),
  ]
}
