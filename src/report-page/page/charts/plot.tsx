import { scaleLinear, type ScaleLinear } from 'd3-scale'
import type { ComponentChildren, VNode } from 'preact'
import { useId, useRef } from 'preact/hooks'
import { numberText } from '../../../ui/text.ts'
import { useWidth } from './use-width.ts'

/** One of the two axes of a plot. */
export interface Axis {
  readonly label: string
  readonly domain: readonly [number, number]
  /** Extends the domain to round numbers. */
  readonly nice?: boolean
}

/** Gives the place of a value, in units of the picture. */
export type Scale = ScaleLinear<number, number>

/** Wider than this a chart tells no more. */
const widest = 560
const margin = { top: 12, right: 16, bottom: 40, left: 56 }

function scaleOf({ domain: [low, high], nice = false }: Axis, range: readonly [number, number]): Scale {
  const isFlat = low === high
  const space = isFlat ? Math.abs(low) * 0.1 || 1 : 0
  const scale = scaleLinear()
    .domain([low - space, high + space])
    .range([...range])
  return nice ? scale.nice(5) : scale
}

/** Two axes with what is drawn between them, told to whoever cannot see it by a title and a description. */
export function Plot({
  title,
  description,
  x: xAxis,
  y: yAxis,
  height: tallest = 320,
  children,
}: {
  readonly title: string
  readonly description: string
  readonly x: Axis
  readonly y: Axis
  readonly height?: number
  readonly children: (x: Scale, y: Scale) => ComponentChildren
}): VNode {
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const width = Math.min(widest, useWidth(box, 420))
  const height = Math.min(tallest, Math.max(200, Math.round(width * 0.85)))
  const x = scaleOf(xAxis, [margin.left, width - margin.right])
  const y = scaleOf(yAxis, [height - margin.bottom, margin.top])
  const [bottom, left] = [height - margin.bottom, margin.left]
  return (
    <div ref={box}>
      <svg
        class="plot"
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-description`}
      >
        <title id={`${id}-title`}>{title}</title>
        <desc id={`${id}-description`}>{description}</desc>
        <g class="grid">
          {y.ticks(5).map((tick) => (
            <g key={tick}>
              <path d={`M${left} ${y(tick)}H${width - margin.right}`} />
              <text x={left - 8} y={y(tick)} dy="0.32em" text-anchor="end">
                {numberText(tick)}
              </text>
            </g>
          ))}
          {x.ticks(width < 320 ? 4 : 5).map((tick) => (
            <g key={tick}>
              <path d={`M${x(tick)} ${margin.top}V${bottom}`} />
              <text x={x(tick)} y={bottom + 16} text-anchor="middle">
                {numberText(tick)}
              </text>
            </g>
          ))}
        </g>
        <path class="frame" d={`M${left} ${margin.top}V${bottom}H${width - margin.right}`} />
        {xAxis.label !== '' && (
          <text class="axis" x={(left + width - margin.right) / 2} y={height - 6} text-anchor="middle">
            {xAxis.label}
          </text>
        )}
        {yAxis.label !== '' && (
          <text
            class="axis"
            text-anchor="middle"
            transform={`translate(13 ${(margin.top + bottom) / 2}) rotate(-90)`}
          >
            {yAxis.label}
          </text>
        )}
        {children(x, y)}
      </svg>
    </div>
  )
}
