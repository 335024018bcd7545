import { scaleLinear } from 'd3-scale'
import { useId, useRef } from 'preact/hooks'
import type { VNode } from 'preact'
import type { FeatureImportanceChart } from '../../../artifact/chart.ts'
import { numberText } from '../../../ui/text.ts'
import { shown } from '../../shown.ts'
import { fittedText } from '../parts/fitted-text.ts'
import type { Picture } from './picture.ts'
import { useWidth } from './use-width.ts'

const [widest, row, end] = [560, 22, 56]
/** Between a name and what is drawn to the left of zero. */
const beside = 6
const font = '400 12px'

function Bars({
  features,
  title,
  facts,
}: {
  readonly features: FeatureImportanceChart['features']
  readonly title: string
  readonly facts: string
}): VNode {
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const width = Math.min(widest, useWidth(box, 420))
  const label = Math.round(width * 0.38)
  const reach = features.flatMap(({ importance, deviation = 0 }) => [
    importance - deviation,
    importance + deviation,
  ])
  const x = scaleLinear()
    .domain([Math.min(0, ...reach), Math.max(0, ...reach) || 1])
    .range([label + beside, width - end])
  return (
    <div ref={box}>
      <svg
        class="plot"
        width={width}
        height={features.length * row + 8}
        viewBox={`0 0 ${width} ${features.length * row + 8}`}
        role="img"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-description`}
      >
        <title id={`${id}-title`}>{title}</title>
        <desc id={`${id}-description`}>{facts}</desc>
        {features.map(({ name, importance, deviation = 0 }, index) => {
          const [y, from, to] = [
            index * row + 4,
            Math.min(x(0), x(importance)),
            Math.max(x(0), x(importance)),
          ]
          return (
            <g key={name}>
              <text x={label - 8} y={y + row / 2} dy="0.28em" text-anchor="end">
                <title>{shown(name)}</title>
                {fittedText(shown(name), label - 12, font)}
              </text>
              <rect class="bar" x={from} y={y + 3} width={Math.max(1, to - from)} height={row - 8} rx={2} />
              {deviation > 0 &&
                ['halo', 'deviation'].map((part) => (
                  <path
                    key={part}
                    class={part}
                    d={`M${x(importance - deviation)} ${y + row / 2 - 1}H${x(importance + deviation)}`}
                  />
                ))}
              <text x={Math.max(to, x(importance + deviation)) + 6} y={y + row / 2} dy="0.28em">
                {numberText(importance)}
              </text>
            </g>
          )
        })}
        <path class="frame" d={`M${x(0)} 2V${features.length * row + 6}`} />
      </svg>
    </div>
  )
}

/** How much each feature counts, as bars. */
export function importancePicture(data: FeatureImportanceChart, given: string | undefined): Picture {
  const { features, omitted } = data
  const title = given ?? 'Feature importance'
  const facts = [
    `${features.length} feature${features.length === 1 ? '' : 's'}`,
    ...(omitted > 0 ? [`${omitted} less important ones left out`] : []),
    ...(features.some(({ deviation = 0 }) => deviation > 0) ? ['lines are one standard deviation'] : []),
  ].join(' · ')
  return {
    title,
    facts,
    head: ['feature', 'importance', 'standard deviation'],
    rows: features.map(({ name, importance, deviation }) => [
      shown(name),
      numberText(importance),
      deviation === undefined ? '' : numberText(deviation),
    ]),
    drawing: <Bars features={features} title={title} facts={facts} />,
  }
}
