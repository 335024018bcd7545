import type { VNode } from 'preact'
import { scaleLinear } from 'd3-scale'
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { durationText } from '../../../ui/text.ts'
import { shown } from '../../shown.ts'
import type { PageData, PageNode } from '../../page-data.ts'
import { isTimedNode, isWaitNode } from '../node-types.ts'
import { usePage } from '../page-context.ts'
import { NodePath } from '../parts/name.tsx'
import { StateIcon, stateClass } from '../parts/state-mark.tsx'
import { workText } from '../times.ts'

const rowHeight = 28
const spare = 12
const deepest = 4096

/** What a row says to whoever does not see its bars. */
function rowText(node: PageNode, data: PageData): string {
  const { path, start = 0, ready, state, attempts = [] } = node
  const parts = [shown(path), state, `started after ${durationText(start)}`]
  if (ready !== undefined && start - ready >= 1) parts.push(`waited ${durationText(start - ready)}`)
  const work = workText(node, data)
  if (work !== '') parts.push(`${isWaitNode(node) ? 'waited' : 'took'} ${work}`)
  if (attempts.length > 1) parts.push(`${attempts.length} attempts`)
  return parts.join(', ')
}

interface Bar {
  readonly from: number
  readonly to: number
  readonly kind: string
}

/** When it waited and when it ran: between attempts it waits too. */
function barsOf(node: PageNode, last: number): Bar[] {
  const { ready, start = 0, end, attempts = [], state } = node
  const over = end ?? last
  if (isWaitNode(node)) return [{ from: Math.min(ready ?? start, start), to: over, kind: 'waiting' }]
  const bars: Bar[] = []
  if (ready !== undefined && ready < start) bars.push({ from: ready, to: start, kind: 'waiting' })
  if (attempts.length <= 1 && state !== 'waiting')
    return [...bars, { from: start, to: over, kind: stateClass(state) }]
  let before = start
  for (const attempt of attempts) {
    if (attempt.start > before) bars.push({ from: before, to: attempt.start, kind: 'waiting' })
    before = attempt.end ?? over
    const kind = attempt.how === 'succeeded' || attempt.how === 'running' ? attempt.how : 'failed'
    bars.push({ from: attempt.start, to: before, kind: stateClass(kind) })
  }
  if (state === 'waiting') bars.push({ from: before, to: over, kind: 'waiting' })
  return bars
}

function Row({
  node,
  last,
  top,
}: {
  readonly node: PageNode
  readonly last: number
  readonly top: number
}): VNode {
  const { data, panelHref, open } = usePage()
  const isOpen = open?.type === 'node' && open.path === node.path
  return (
    <li style={{ transform: `translateY(${top}px)`, height: `${rowHeight}px` }}>
      <a
        href={panelHref({ type: 'node', path: node.path })}
        aria-label={rowText(node, data)}
        aria-current={isOpen ? 'true' : undefined}
        class={node.critical === true ? 'critical-row' : undefined}
      >
        <span class="row-label" title={shown(node.path)}>
          <StateIcon state={node.state} />
          <NodePath path={node.path} />
        </span>
        <span class="track">
          {barsOf(node, last).map(({ from, to, kind }, index) => (
            <span
              key={index}
              class={`bar ${kind}`}
              style={{ left: `${(100 * from) / last}%`, width: `${(100 * Math.max(0, to - from)) / last}%` }}
            />
          ))}
        </span>
      </a>
    </li>
  )
}

/** When each step waited and ran, and how long the run waited for its time or for somebody. */
export function TimelineView(): VNode {
  const { data } = usePage()
  const [isCritical, setCritical] = useState(false)
  const [zoom, setZoom] = useState(1)
  const box = useRef<HTMLDivElement>(null)
  const [{ top, height, width }, setWindow] = useState({ top: 0, height: 600, width: 900 })
  const rows = useMemo(
    () =>
      data.nodes
        .filter(
          (node) => isTimedNode(node) && node.start !== undefined && (!isCritical || node.critical === true),
        )
        .toSorted((a, b) => a.start! - b.start!),
    [isCritical],
  )
  const last = Math.max(
    1,
    data.run.duration ?? data.run.soFar ?? 0,
    data.nodes.reduce((most, { end = 0 }) => Math.max(most, end), 0),
  )
  useLayoutEffect(() => {
    const element = box.current!
    const look = (): void =>
      setWindow({ top: element.scrollTop, height: element.clientHeight, width: element.clientWidth })
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])
  const label = width < 620 ? 148 : 240
  const track = Math.max(120, width - label - 16) * zoom
  const scale = scaleLinear().domain([0, last]).range([0, 100])
  // A label that would end beyond the axis is left out.
  const ticks = scale
    .ticks(Math.min(400, Math.max(2, Math.floor(track / 120))))
    .filter((tick) => track * (1 - tick / last) > 60)
  const first = Math.max(0, Math.floor(top / rowHeight) - spare)
  const end = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + spare)
  return (
    <>
      <h2>Timeline</h2>
      <div class="controls">
        <ul class="legend">
          <li>
            <span class="swatch bar waiting" /> waiting
          </li>
          <li>
            <span class="swatch bar state-succeeded" /> running
          </li>
          <li>
            <span class="swatch bar state-failed" /> failed
          </li>
          <li>
            <span class="swatch bar state-reused" /> reused
          </li>
        </ul>
        <label class="field check">
          <input
            type="checkbox"
            checked={isCritical}
            onChange={(event) => setCritical(event.currentTarget.checked)}
          />
          critical path only
        </label>
        <span class="buttons">
          <button type="button" aria-label="Zoom out" disabled={zoom === 1} onClick={() => setZoom(zoom / 2)}>
            −
          </button>
          <button
            type="button"
            aria-label="Zoom in"
            disabled={zoom >= deepest}
            onClick={() => setZoom(zoom * 2)}
          >
            +
          </button>
        </span>
        <p role="status" class="muted">
          {rows.length.toLocaleString('en')} {rows.some(isWaitNode) ? 'steps and waits' : 'steps'} over{' '}
          {durationText(last)}
          {zoom > 1 && `, ${zoom} times as wide`}
        </p>
      </div>
      <div class="timeline" ref={box} tabIndex={0} role="region" aria-label="Timeline of the steps">
        <div class="timeline-inner" style={{ '--label': `${label}px`, '--track': `${track}px` }}>
          <div class="axis-row" aria-hidden="true">
            {ticks.map((tick) => (
              <span key={tick} style={{ left: `calc(var(--label) + var(--track) * ${tick / last})` }}>
                {durationText(tick)}
              </span>
            ))}
          </div>
          <ol style={{ height: `${rows.length * rowHeight}px` }}>
            {rows.slice(first, end).map((node, index) => (
              <Row key={node.path} node={node} last={last} top={(first + index) * rowHeight} />
            ))}
          </ol>
        </div>
      </div>
    </>
  )
}
