import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import { usePage } from '../page-context.ts'
import { GraphCanvas } from '../graph/canvas.tsx'
import { StateIcon } from '../parts/state-mark.tsx'
import { countsOf } from '../counts.ts'

/** The plan with what was executed of it. */
export function GraphView(): VNode {
  const { data } = usePage()
  const states = useMemo(() => countsOf(data.nodes), [])
  return (
    <>
      <h2>Graph</h2>
      <div class="controls">
        <ul class="legend">
          {states.map(([state]) => (
            <li key={state}>
              <StateIcon state={state} /> {state}
            </li>
          ))}
          <li>
            <span class="swatch line-critical" /> critical path
          </li>
        </ul>
      </div>
      {data.graph.simplified !== undefined && (
        <p class="muted">
          This plan is too large to be drawn node by node:{' '}
          {data.graph.simplified === 'by step'
            ? 'a box stands for all nodes of a step.'
            : 'what is inside of maps, branches and sub-pipelines is not drawn.'}
        </p>
      )}
      <GraphCanvas graph={data.graph} />
    </>
  )
}
