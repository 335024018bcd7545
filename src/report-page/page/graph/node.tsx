import type { VNode } from 'preact'
import { durationText } from '../../../ui/text.ts'
import { shown } from '../../shown.ts'
import type { PageGraphNode } from '../../page-data.ts'
import { usePage, type Page } from '../page-context.ts'
import { stateClass, statePaths } from '../parts/state-mark.tsx'
import { mainState } from './main-state.ts'

/** So many characters of a label fit into a box. */
const [labelLength, noteLength] = [20, 25]

function countsText({ states }: PageGraphNode): string {
  return Object.entries(states)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ')
}

/** The second line of a box: the step's name, how long it took, or how many of its items are in which state. */
function noteText(node: PageGraphNode, { nodeAt }: Page): string {
  const one = nodeAt.get(node.pattern)
  if (one === undefined) return countsText(node)
  const { start, end, state } = one
  const took =
    state === 'reused'
      ? 'reused'
      : start !== undefined && end !== undefined
        ? durationText(end - start)
        : state
  return node.note === '' || node.type !== 'step' ? took : `${shown(node.note)} · ${took}`
}

/** A node of the graph: a box, or what contains others. It leads to its panel. */
export function GraphNode({ node }: { readonly node: PageGraphNode }): VNode {
  const page = usePage()
  const { pattern, label, type, x, y, width, height, critical, states } = node
  const { open, nodeAt, panelHref } = page
  const state = mainState(node)
  const isOne = nodeAt.has(pattern)
  const isOpen =
    (open?.type === 'node' && open.path === pattern) || (open?.type === 'group' && open.pattern === pattern)
  const name = shown(label)
  const isBranch = type === 'branch'
  const classes = [
    'node',
    type === 'step' ? 'step' : 'container',
    stateClass(state),
    critical === true ? 'critical' : '',
    isOpen ? 'open' : '',
  ].join(' ')
  const kind = type === 'step' || isBranch ? '' : type
  const note = isOne ? noteText(node, page) : countsText(node) || 'not run'
  // What is read out begins with what is seen.
  const text = `${name} ${kind === '' ? note : `${kind}, ${note}`}`
  const drawing = (
    <>
      <rect class="box" width={width} height={height} rx={type === 'step' ? 8 : 12} />
      {type === 'step' && <path class="side" d={`M6 9V${height - 9}`} />}
      {!isBranch && (
        <svg
          class={`icon ${stateClass(state)}`}
          x={14}
          y={type === 'step' ? 8 : 9}
          width={15}
          height={15}
          viewBox="0 0 16 16"
        >
          <path d={statePaths[state]!} />
        </svg>
      )}
      <text class="label" x={isBranch ? 12 : 35} y={type === 'step' ? 20 : 21}>
        {type === 'step' ? shown(label, labelLength) : name}
        {kind !== '' && ' '}
        {kind !== '' && (
          <tspan class="note" dx={3}>
            {type}
          </tspan>
        )}
      </text>{' '}
      {type === 'step' && (
        <text class="note" x={35} y={36}>
          {shown(note, noteLength)}
        </text>
      )}
    </>
  )
  const place = `translate(${x} ${y})`
  if (isBranch || (!isOne && Object.keys(states).length === 0))
    return (
      <g class={classes} transform={place}>
        {drawing}
      </g>
    )
  return (
    <g class={classes} transform={place}>
      <a
        href={panelHref(isOne ? { type: 'node', path: pattern } : { type: 'group', pattern })}
        aria-label={text}
        draggable={false}
      >
        {drawing}
      </a>
    </g>
  )
}
