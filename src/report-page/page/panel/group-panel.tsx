import type { VNode } from 'preact'
import { durationText } from '../../../ui/text.ts'
import type { PageNode } from '../../page-data.ts'
import { countsOf } from '../counts.ts'
import { NodeLink } from '../parts/name.tsx'
import { Pairs } from '../parts/pairs.tsx'
import { Section } from '../parts/section.tsx'
import { StateIcon, StateMark } from '../parts/state-mark.tsx'
import { VirtualTable } from '../parts/virtual-table.tsx'

/** How long an execution took; undefined for one that did not run. */
function took({ start, end, state }: PageNode): number | undefined {
  return start === undefined || end === undefined || state === 'reused' ? undefined : end - start
}

/** The executions of one node of a map. */
export function GroupPanel({ nodes }: { readonly nodes: readonly PageNode[] }): VNode {
  const times = nodes
    .map(took)
    .filter((time) => time !== undefined)
    .sort((a, b) => a - b)
  const at = (share: number): string => durationText(times[Math.floor(share * (times.length - 1))]!)
  return (
    <>
      <Pairs
        pairs={[
          ['Items', nodes.length.toLocaleString('en')],
          ...countsOf(nodes).map(
            ([state, count]) =>
              [<StateMark state={state} />, String(count)] as unknown as readonly [string, string],
          ),
          ...(times.length === 0
            ? []
            : ([['Took', `${at(0)} to ${at(1)}, half of them ${at(0.5)} or less`]] as const)),
        ]}
      />
      <Section title="Items">
        <VirtualTable
          label="Items"
          items={nodes}
          keyOf={({ path }) => path}
          columns={[
            { title: 'State', width: '3.5rem', cell: ({ state }) => <StateIcon state={state} /> },
            { title: 'Node', width: '1fr', cell: ({ path }) => <NodeLink path={path} /> },
            {
              title: 'Took',
              width: '6rem',
              numeric: true,
              cell: (node) => {
                const time = took(node)
                return time === undefined ? node.state : durationText(time)
              },
            },
          ]}
        />
      </Section>
    </>
  )
}
