import type { VNode } from 'preact'
import { durationText, numberText } from '../../../ui/text.ts'
import type { PageComparison, PageDifference } from '../../page-data.ts'
import { usePage } from '../page-context.ts'
import { NodeLink, NodePath } from '../parts/name.tsx'
import { Section } from '../parts/section.tsx'
import { StateMark } from '../parts/state-mark.tsx'
import { Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'

function Differences({
  title,
  differences,
  same,
}: {
  readonly title: string
  readonly differences: readonly PageDifference[]
  readonly same: string
}): VNode {
  return (
    <Section title={title}>
      {differences.length === 0 ? (
        <p class="muted">{same}</p>
      ) : (
        <Table
          caption={title}
          head={['name', 'this run', 'the other run']}
          rows={differences.map(({ name, a, b }) => [
            name,
            <code>{a ?? '(none)'}</code>,
            <code>{b ?? '(none)'}</code>,
          ])}
        />
      )}
    </Section>
  )
}

function signed(value: number, text: string): string {
  return value > 0 ? `+${text}` : text
}

function timeText(ms: number | undefined): string {
  return ms === undefined ? '' : durationText(ms)
}

function Metrics({ metrics }: Pick<PageComparison, 'metrics'>): VNode {
  return (
    <Section title="Metrics">
      {metrics.length === 0 ? (
        <p class="muted">All metrics are the same.</p>
      ) : (
        <Table
          caption="Metrics that differ"
          head={['node', 'metric', 'this run', 'the other run', 'change']}
          numeric={[2, 3, 4]}
          rows={metrics.map(({ node, name, a, b }) => [
            <NodeLink path={node} />,
            name,
            a === undefined ? '' : numberText(a),
            b === undefined ? '' : numberText(b),
            a === undefined || b === undefined ? '' : signed(a - b, numberText(a - b)),
          ])}
        />
      )}
    </Section>
  )
}

function Nodes({ comparison }: { readonly comparison: PageComparison }): VNode {
  const { nodes, equalNodes, moreNodes, onlyHere, onlyThere } = comparison
  return (
    <Section title="Nodes">
      <p class="muted">
        {equalNodes} node{equalNodes === 1 ? ' has' : 's have'} the same code, inputs and outputs.
        {moreNodes > 0 && ` ${moreNodes} more differ than are listed.`}
      </p>
      {nodes.length > 0 && (
        <Table
          caption="Nodes that differ"
          head={['node', 'what differs', 'took here', 'took there']}
          numeric={[2, 3]}
          rows={nodes.map(({ node, what, durationA, durationB }) => [
            <NodeLink path={node} />,
            what.join('; '),
            timeText(durationA),
            timeText(durationB),
          ])}
        />
      )}
      {onlyHere.length > 0 && (
        <>
          <h4>Only in this run</h4>
          <ul>
            {onlyHere.map((node) => (
              <li key={node}>
                <NodeLink path={node} />
              </li>
            ))}
          </ul>
        </>
      )}
      {onlyThere.length > 0 && (
        <>
          <h4>Only in the other run</h4>
          <ul>
            {onlyThere.map((node) => (
              <li key={node}>
                <NodePath path={node} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  )
}

/** What differs from another run. */
export function CompareView(): VNode {
  const { data } = usePage()
  const comparison = data.comparison!
  const { other, structureEqual, inputs, outputs, environment } = comparison
  return (
    <>
      <h2>Compared with another run</h2>
      <Table
        caption="Both runs"
        head={['what', 'this run', 'the other run']}
        rows={[
          ['run', <code class="id">{data.run.id}</code>, <code class="id">{other.id}</code>],
          ['pipeline', data.run.pipeline, other.pipeline],
          ['state', <StateMark state={data.run.state} />, <StateMark state={other.state} />],
          ['started', <Time iso={data.run.startedAt} />, <Time iso={other.startedAt} />],
          ['took', timeText(data.run.duration), timeText(other.duration)],
          ['plan', structureEqual ? 'the same structure' : 'another structure', ''],
        ]}
      />
      <Metrics metrics={comparison.metrics} />
      <div class="halves">
        <Differences title="Inputs" differences={inputs} same="Both runs were given the same." />
        <Differences title="Outputs" differences={outputs} same="Both runs have given the same." />
      </div>
      <Nodes comparison={comparison} />
      <Differences title="Environment" differences={environment} same="Software and machine are the same." />
    </>
  )
}
