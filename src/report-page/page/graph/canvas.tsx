import type { VNode } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { PageGraph } from '../../page-data.ts'
import { Edges } from './edges.tsx'
import { GraphNode } from './node.tsx'
import { Overview } from './overview.tsx'
import { usePanZoom } from './use-pan-zoom.ts'
import { firstView, fit, heightOf, isNarrow, panned, zoomed, type Size, type ViewBox } from './view-box.ts'

/** Below this scale labels cannot be read, and nodes are drawn as plain boxes. */
const readable = 0.22
/** Graphs of fewer nodes are drawn whole: all of it can be reached by keyboard. */
const few = 400

const keys: Readonly<Record<string, (view: ViewBox, middle: readonly [number, number]) => ViewBox>> = {
  '+': (view, middle) => zoomed(view, 1.25, middle),
  '=': (view, middle) => zoomed(view, 1.25, middle),
  '-': (view, middle) => zoomed(view, 0.8, middle),
  ArrowLeft: (view) => panned(view, 60, 0),
  ArrowRight: (view) => panned(view, -60, 0),
  ArrowUp: (view) => panned(view, 0, 60),
  ArrowDown: (view) => panned(view, 0, -60),
}

/** The graph on a canvas that can be moved and zoomed. */
export function GraphCanvas({ graph }: { readonly graph: PageGraph }): VNode {
  const canvas = useRef<SVGSVGElement>(null)
  const [size, setSize] = useState<Size>({ width: 800, height: 480 })
  const [moved, setMoved] = useState<ViewBox | undefined>(undefined)
  const [first] = graph.nodes
  const view =
    moved ?? firstView(graph, size, first === undefined ? graph.width / 2 : first.x + first.width / 2)
  const current = useRef(view)
  current.current = view
  const change = (next: (view: ViewBox) => ViewBox): void => setMoved(next(current.current))
  usePanZoom(canvas, change)
  useLayoutEffect(() => {
    const look = (): void => {
      const { clientWidth, clientHeight } = canvas.current!
      setSize({ width: clientWidth, height: clientHeight })
    }
    look()
    const observer = new ResizeObserver(look)
    observer.observe(canvas.current!)
    return () => observer.disconnect()
  }, [])
  useEffect(() => setMoved(undefined), [size.width])
  const middle = [size.width / 2, size.height / 2] as const
  const isWhole = graph.nodes.length <= few
  const seen = useMemo(() => {
    if (isWhole) return graph.nodes
    const [right, bottom] = [view.x + size.width / view.scale, view.y + size.height / view.scale]
    return graph.nodes.filter(
      ({ x, y, width, height }) => x < right && x + width > view.x && y < bottom && y + height > view.y,
    )
  }, [graph, view.x, view.y, view.scale, size])
  const isOverview = !isWhole && view.scale < readable
  // On a narrow screen the page scrolls down the graph: there it is as high as it needs.
  const height = isNarrow(size)
    ? `${Math.min(2_400, heightOf(graph, size))}px`
    : `min(${heightOf(graph, size)}px, max(420px, 88vh))`
  return (
    <div class="graph">
      <div class="graph-buttons">
        <button type="button" aria-label="Zoom in" onClick={() => change((one) => zoomed(one, 1.4, middle))}>
          +
        </button>
        <button
          type="button"
          aria-label="Zoom out"
          onClick={() => change((one) => zoomed(one, 1 / 1.4, middle))}
        >
          −
        </button>
        <button type="button" onClick={() => setMoved(fit(graph, size))}>
          Fit
        </button>
      </div>
      <svg
        ref={canvas}
        style={{ height }}
        tabindex={0}
        role="group"
        aria-label={`Graph of ${graph.nodes.length} nodes: move with the arrow keys, zoom with plus and minus, fit with 0`}
        onKeyDown={(event) => {
          if (event.ctrlKey || event.metaKey || event.altKey) return
          if (event.key === '0') setMoved(fit(graph, size))
          else if (Object.hasOwn(keys, event.key)) change((one) => keys[event.key]!(one, middle))
          else return
          event.preventDefault()
        }}
      >
        <g transform={`scale(${view.scale}) translate(${-view.x} ${-view.y})`}>
          {isOverview ? (
            <Overview nodes={graph.nodes} />
          ) : (
            <>
              {seen
                .filter(({ type, closed }) => type !== 'step' && closed !== true)
                .map((node) => (
                  <GraphNode key={node.pattern} node={node} />
                ))}
              <Edges graph={graph} seen={isWhole ? undefined : seen} />
              {seen
                .filter(({ type, closed }) => type === 'step' || closed === true)
                .map((node) => (
                  <GraphNode key={node.pattern} node={node} />
                ))}
            </>
          )}
        </g>
      </svg>
      <p class="muted hint">
        Drag to move; pinch, or Ctrl and the wheel, to zoom; Tab goes from node to node.
      </p>
    </div>
  )
}
