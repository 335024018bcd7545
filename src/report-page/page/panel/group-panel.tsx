import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import { durationText } from '../../../ui/text.ts'
import type { PageNode } from '../../page-data.ts'
import { CurvesFigure, curveNames } from '../charts/curves-figure.tsx'
import { countsOf } from '../counts.ts'
import { usePage } from '../page-context.ts'
import { NodeLink } from '../parts/name.tsx'
import { Pairs } from '../parts/pairs.tsx'
import { Section } from '../parts/section.tsx'
import { StateIcon, StateMark } from '../parts/state-mark.tsx'
import { VirtualTable } from '../parts/virtual-table.tsx'
import { figuresOf } from '../summary/figures.ts'
import { MetricsTable } from '../summary/metrics-table.tsx'
import { workOf, workText } from '../times.ts'

/** The executions of one node of a map. */
export function GroupPanel({ nodes }: { readonly nodes: readonly PageNode[] }): VNode {
  const { data } = usePage()
  const figures = useMemo(() => figuresOf(nodes, data), [nodes])
  const times = nodes
    .filter(({ end }) => end !== undefined)
    .map((node) => workOf(node, data))
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
      {figures.map((one) => (
        <Section key={one.step} title="Metrics">
          <MetricsTable figures={one} />
          {curveNames(one.nodes).map((name) => (
            <CurvesFigure key={name} name={name} nodes={one.nodes} />
          ))}
        </Section>
      ))}
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
              cell: (node) => workText(node, data) || node.state,
            },
          ]}
        />
      </Section>
    </>
  )
}
