import type { VNode } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { durationText, numberText } from '../../../ui/text.ts'
import { patternOf } from '../../../plan/node-path.ts'
import { shown } from '../../shown.ts'
import type { PageData, PageNode } from '../../page-data.ts'
import { countsOf } from '../counts.ts'
import { usePage } from '../page-context.ts'
import { NodeLink, NodePath } from '../parts/name.tsx'
import { StateMark } from '../parts/state-mark.tsx'
import { VirtualTable } from '../parts/virtual-table.tsx'
import { workOf, workText } from '../times.ts'

const orders = {
  plan: 'in the order of their start',
  duration: 'the longest first',
  waited: 'those that waited most first',
  name: 'by name',
} as const

type Order = keyof typeof orders

function waited({ start, ready }: PageNode, { run }: PageData): number {
  const until = start ?? run.soFar
  return until === undefined || ready === undefined ? 0 : until - ready
}

function metricText({ metrics = {} }: PageNode): string {
  return Object.entries(metrics)
    .slice(0, 3)
    .map(([name, { last }]) => `${shown(name, 30)} ${numberText(last)}`)
    .join(', ')
}

function sorted(nodes: readonly PageNode[], order: Order, data: PageData): readonly PageNode[] {
  switch (order) {
    case 'plan':
      return nodes
    case 'duration':
      return nodes.toSorted((a, b) => (workOf(b, data) ?? -1) - (workOf(a, data) ?? -1))
    case 'waited':
      return nodes.toSorted((a, b) => waited(b, data) - waited(a, data))
    case 'name':
      return nodes.toSorted((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }))
  }
}

/** A row for all items of a node in a map, where the order puts the first of them: with the state that asks for most. */
function folded(nodes: readonly PageNode[]): readonly PageNode[] {
  const rows = new Map<string, PageNode[]>()
  for (const node of nodes) {
    const pattern = patternOf(node.path)
    const items = rows.get(pattern)
    if (items === undefined) rows.set(pattern, [node])
    else items.push(node)
  }
  return [...rows.values()].map((items) => {
    const [first] = items as [PageNode]
    if (items.length === 1) return first
    const [[state]] = countsOf(items) as [[PageNode['state'], number]]
    return { path: first.path, type: first.type, step: first.step, state }
  })
}

/** Every node of the run: to filter, to sort, to open. */
export function NodesView(): VNode {
  const { data, groups, panelHref } = usePage()
  const [text, setText] = useState('')
  const [state, setState] = useState('')
  const [order, setOrder] = useState<Order>('plan')
  const [isFolded, setFolded] = useState(false)
  const hasItems = useMemo(() => [...groups.values()].some(({ length }) => length > 1), [])
  const nodes = useMemo(() => {
    const wanted = text.toLowerCase()
    const found = data.nodes.filter(
      (node) =>
        (state === '' || node.state === state) &&
        (wanted === '' ||
          node.path.toLowerCase().includes(wanted) ||
          (node.step?.toLowerCase().includes(wanted) ?? false)),
    )
    return isFolded ? folded(sorted(found, order, data)) : sorted(found, order, data)
  }, [text, state, order, isFolded])
  return (
    <>
      <h2>Nodes</h2>
      <div class="controls">
        <label class="field">
          Name contains
          <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <label class="field">
          State
          <select value={state} onChange={(event) => setState(event.currentTarget.value)}>
            <option value="">any</option>
            {countsOf(data.nodes).map(([one, count]) => (
              <option key={one} value={one}>
                {one} ({count})
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          Order
          <select value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
            {Object.entries(orders).map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
        {hasItems && (
          <label class="field check">
            <input
              type="checkbox"
              checked={isFolded}
              onChange={(event) => setFolded(event.currentTarget.checked)}
            />
            one row for all items of a map
          </label>
        )}
        <p role="status" class="muted">
          {nodes.length.toLocaleString('en')} of{' '}
          {(data.nodes.length + (data.omitted?.count ?? 0)).toLocaleString('en')}
          {data.omitted !== undefined && ', of which some are counted only'}
        </p>
      </div>
      <VirtualTable
        label="Nodes of the run"
        items={nodes}
        keyOf={({ path }) => path}
        columns={[
          {
            title: 'State',
            width: '7.5rem',
            phoneWidth: '2.8rem',
            cell: (node) => <StateMark state={node.state} />,
          },
          {
            title: 'Node',
            width: 'minmax(0, 2fr)',
            cell: (node) =>
              isFolded && node.path.includes('[') ? (
                <a href={panelHref({ type: 'group', pattern: patternOf(node.path) })}>
                  <NodePath path={patternOf(node.path)} />{' '}
                  <span class="muted">× {groups.get(patternOf(node.path))!.length.toLocaleString('en')}</span>
                </a>
              ) : (
                <NodeLink path={node.path} />
              ),
          },
          {
            title: 'Step',
            width: 'minmax(0, 1fr)',
            wide: true,
            cell: ({ step, type }) => (step === null ? <span class="muted">{type}</span> : shown(step)),
          },
          {
            title: 'Took',
            width: data.run.soFar === undefined ? '5.5rem' : '7.5rem',
            numeric: true,
            cell: (node) => workText(node, data),
          },
          {
            title: 'Waited',
            width: '5.5rem',
            numeric: true,
            wide: true,
            cell: (node) => (waited(node, data) < 1 ? '' : durationText(waited(node, data))),
          },
          {
            title: 'Tries',
            width: '3.5rem',
            numeric: true,
            wide: true,
            cell: ({ attempts = [] }) => (attempts.length > 1 ? String(attempts.length) : ''),
          },
          { title: 'Metrics', width: 'minmax(0, 1.2fr)', wide: true, cell: metricText },
        ]}
      />
    </>
  )
}
