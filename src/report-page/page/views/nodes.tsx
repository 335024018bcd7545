import type { VNode } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { durationText, numberText } from '../../../ui/text.ts'
import { shown } from '../../shown.ts'
import type { PageNode } from '../../page-data.ts'
import { countsOf } from '../counts.ts'
import { usePage } from '../page-context.ts'
import { NodeLink } from '../parts/name.tsx'
import { StateMark } from '../parts/state-mark.tsx'
import { VirtualTable } from '../parts/virtual-table.tsx'

const orders = {
  plan: 'in the order of their start',
  duration: 'the longest first',
  waited: 'those that waited most first',
  name: 'by name',
} as const

type Order = keyof typeof orders

function took({ start, end, state }: PageNode): number | undefined {
  return start === undefined || end === undefined || state === 'reused' ? undefined : end - start
}

function waited({ start, ready }: PageNode): number {
  return start === undefined || ready === undefined ? 0 : start - ready
}

function metricText({ metrics = {} }: PageNode): string {
  return Object.entries(metrics)
    .slice(0, 3)
    .map(([name, { last }]) => `${shown(name, 30)} ${numberText(last)}`)
    .join(', ')
}

function sorted(nodes: readonly PageNode[], order: Order): readonly PageNode[] {
  switch (order) {
    case 'plan':
      return nodes.toSorted((a, b) => (a.start ?? Infinity) - (b.start ?? Infinity) || 0)
    case 'duration':
      return nodes.toSorted((a, b) => (took(b) ?? -1) - (took(a) ?? -1))
    case 'waited':
      return nodes.toSorted((a, b) => waited(b) - waited(a))
    case 'name':
      return nodes.toSorted((a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }))
  }
}

/** Every node of the run: to filter, to sort, to open. */
export function NodesView(): VNode {
  const { data } = usePage()
  const [text, setText] = useState('')
  const [state, setState] = useState('')
  const [order, setOrder] = useState<Order>('plan')
  const nodes = useMemo(() => {
    const wanted = text.toLowerCase()
    const found = data.nodes.filter(
      (node) =>
        (state === '' || node.state === state) &&
        (wanted === '' ||
          node.path.toLowerCase().includes(wanted) ||
          (node.step?.toLowerCase().includes(wanted) ?? false)),
    )
    return sorted(found, order)
  }, [text, state, order])
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
        <p role="status" class="muted">
          {nodes.length.toLocaleString('en')} of {data.nodes.length.toLocaleString('en')}
        </p>
      </div>
      <VirtualTable
        label="Nodes of the run"
        items={nodes}
        keyOf={({ path }) => path}
        columns={[
          { title: 'State', width: '7.5rem', cell: (node) => <StateMark state={node.state} /> },
          { title: 'Node', width: 'minmax(0, 2fr)', cell: ({ path }) => <NodeLink path={path} /> },
          {
            title: 'Step',
            width: 'minmax(0, 1fr)',
            wide: true,
            cell: ({ step, type }) => (step === null ? <span class="muted">{type}</span> : shown(step)),
          },
          {
            title: 'Took',
            width: '5.5rem',
            numeric: true,
            cell: (node) => {
              const time = took(node)
              return time === undefined ? '' : durationText(time)
            },
          },
          {
            title: 'Waited',
            width: '5.5rem',
            numeric: true,
            wide: true,
            cell: (node) => (waited(node) < 1 ? '' : durationText(waited(node))),
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
