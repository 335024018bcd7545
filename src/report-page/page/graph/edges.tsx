import type { VNode } from 'preact'
import { curveBasis, curveLinear, line } from 'd3-shape'
import { useMemo } from 'preact/hooks'
import type { PageGraph, PageGraphNode } from '../../page-data.ts'

type Point = readonly [number, number]

const smooth = line<Point>()
  .x(([x]) => x)
  .y(([, y]) => y)
  .curve(curveBasis)
const straight = line<Point>()
  .x(([x]) => x)
  .y(([, y]) => y)
  .curve(curveLinear)

/** The edges of the graph; of those nodes that are seen, where not all are. */
export function Edges({
  graph,
  seen,
}: {
  readonly graph: PageGraph
  readonly seen: readonly PageGraphNode[] | undefined
}): VNode {
  const edges = useMemo(() => {
    if (seen === undefined) return graph.edges
    const names = new Set(seen.map(({ pattern }) => pattern))
    return graph.edges.filter(({ from, to }) => names.has(from) || names.has(to))
  }, [graph, seen])
  return (
    <g class="edges">
      <defs>
        {['edge', 'edge-critical'].map((name) => (
          <marker
            key={name}
            id={name}
            class={name}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0.6L7.4 4L0 7.4z" />
          </marker>
        ))}
      </defs>
      {edges.map(({ from, to, points, critical }) => (
        <path
          key={`${from}\n${to}`}
          class={critical === true ? 'edge critical' : 'edge'}
          d={(points.length > 2 ? smooth : straight)(points) ?? ''}
          marker-end={`url(#${critical === true ? 'edge-critical' : 'edge'})`}
        />
      ))}
    </g>
  )
}
