import type { VNode } from 'preact'
import { shown } from '../../shown.ts'
import type { PageGraphNode } from '../../page-data.ts'
import { stateOrder } from '../counts.ts'
import { usePage, type Page } from '../page-context.ts'
import { fittedText } from '../parts/fitted-text.ts'
import type { Panel } from '../route.ts'
import { stateClass, statePaths } from '../parts/state-mark.tsx'
import { workText } from '../times.ts'
import { mainState } from './main-state.ts'

/** The fonts of both lines, as in graph.css, and the room that is left of a text and right of it. */
const [labelFont, noteFont] = ['600 12.5px', '400 11px']
const [indent, spare] = [35, 10]
/** What stands beside the label of what contains others. */
const kindRoom = 58

function countsText({ states }: PageGraphNode): string {
  return stateOrder
    .flatMap((state) =>
      states[state] === undefined ? [] : [`${states[state].toLocaleString('en')} ${state}`],
    )
    .join(', ')
}

/** The second line of a box: the step's name, how long it took, or how many of its items are in which state. */
function noteText(node: PageGraphNode, { nodeAt, data }: Page): string {
  const one = nodeAt.get(node.pattern)
  if (one === undefined) return countsText(node)
  const work = one.state === 'waiting' ? '' : workText(one, data)
  const took = work === '' ? one.state : one.end === undefined ? `${one.state}, ${work}` : work
  return node.note === '' || node.type !== 'step' ? took : `${shown(node.note)} · ${took}`
}

/** A node of the graph: a box, or what contains others. It leads to its panel. */
export function GraphNode({ node }: { readonly node: PageGraphNode }): VNode {
  const page = usePage()
  const { pattern, label, type, x, y, width, height, critical, states, closed, step } = node
  const { open, nodeAt, panelHref } = page
  const state = mainState(node)
  const isOne = nodeAt.has(pattern)
  const panel: Panel =
    step !== undefined
      ? { type: 'step', name: step }
      : isOne
        ? { type: 'node', path: pattern }
        : { type: 'group', pattern }
  const isOpen = open !== undefined && panelHref(open) === panelHref(panel)
  const name = shown(label)
  const left = type === 'branch' ? 12 : indent
  const room = width - left - spare
  const isBranch = type === 'branch'
  const isBox = type === 'step' || closed === true
  const classes = [
    'node',
    isBox ? 'step' : 'container',
    stateClass(state),
    critical === true ? 'critical' : '',
    isOpen ? 'open' : '',
  ].join(' ')
  const what = type === 'handler' ? node.note : type
  const kind = type === 'step' || isBranch || what === label ? '' : what
  const note = isOne ? noteText(node, page) : countsText(node) || 'not run'
  const seenName = fittedText(name, kind === '' ? room : room - kindRoom, labelFont)
  const seenNote = isBox ? fittedText(note, room, noteFont) : note
  // What is read out begins with what is seen.
  const seen = `${seenName} ${kind === '' ? seenNote : `${kind}, ${seenNote}`}`
  const isCut = seenName !== name || seenNote !== note
  const text = isCut ? `${seen}; in full ${name}, ${note}` : seen
  const drawing = (
    <>
      <rect class="box" width={width} height={height} rx={isBox ? 8 : 12} />
      {isBox && <path class="side" d={`M6 9V${height - 9}`} />}
      {!isBranch && (
        <svg
          class={`icon ${stateClass(state)}`}
          x={14}
          y={isBox ? 8 : 9}
          width={15}
          height={15}
          viewBox="0 0 16 16"
        >
          <path d={statePaths[state]!} />
        </svg>
      )}
      <title>{shown(pattern)}</title>
      <text class="label" x={left} y={isBox ? 20 : 21}>
        {seenName}
        {kind !== '' && ' '}
        {kind !== '' && (
          <tspan class="note" dx={3}>
            {kind}
          </tspan>
        )}
      </text>{' '}
      {isBox && (
        <text class="note" x={left} y={36}>
          {seenNote}
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
      <a href={panelHref(panel)} aria-label={text} draggable={false}>
        {drawing}
      </a>
    </g>
  )
}
