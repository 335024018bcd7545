import type { VNode } from 'preact'
import { numberText } from '../../../ui/text.ts'
import { shown } from '../../shown.ts'
import { NodeLink } from '../parts/name.tsx'
import { StateIcon } from '../parts/state-mark.tsx'
import { Table } from '../parts/table.tsx'
import type { StepFigures } from './figures.ts'

const mostRows = 20
const mostColumns = 8

/** The nodes of a step side by side: what they were given, where that differs, and what they came to. */
export function MetricsTable({ figures }: { readonly figures: StepFigures }): VNode {
  const { step, nodes } = figures
  const rows = nodes.slice(0, mostRows)
  const settings = [...new Set(rows.flatMap(({ settings }) => [...settings.keys()]))].slice(0, 4)
  const all = [...new Set(rows.flatMap(({ numbers }) => [...numbers.keys()]))]
  const names = all.slice(0, mostColumns)
  const columns = [...settings, ...names]
  return (
    <>
      <Table
        caption={`Metrics of ${shown(step)}`}
        head={['node', ...columns.map((name) => shown(name, 40))]}
        numeric={columns.map((_, index) => index + 1)}
        rows={rows.map((node) => [
          <span>
            {node.state === 'failed' && (
              <>
                <StateIcon state="failed" /> <span class="hidden">failed: </span>
              </>
            )}
            <NodeLink path={node.path} />
          </span>,
          ...settings.map((name) => {
            const value = node.settings.get(name)
            return (
              <span class="muted">
                {typeof value === 'number' ? numberText(value) : shown(String(value ?? ''), 40)}
              </span>
            )
          }),
          ...names.map((name) => (node.numbers.has(name) ? numberText(node.numbers.get(name)!) : '')),
        ])}
      />
      {(nodes.length > mostRows || all.length > mostColumns) && (
        <p class="muted">
          {nodes.length > mostRows && `${rows.length} of ${nodes.length.toLocaleString('en')} nodes. `}
          {all.length > mostColumns && `${all.length - mostColumns} more metrics stand with the nodes.`}
        </p>
      )}
    </>
  )
}
