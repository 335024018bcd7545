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

function signed(value: number): string {
  return value > 0 ? `+${numberText(value)}` : numberText(value)
}

/** How much a metric has changed against the other run, and by which share. */
function changeText(here: number, there: number): string {
  const change = here - there
  const share = (100 * change) / Math.abs(there)
  return Number.isFinite(share) ? `${signed(change)} (${signed(Number(share.toFixed(1)))} %)` : signed(change)
}

/** A node, and where it stands in the other run. */
function Place({ node, there }: { readonly node: string; readonly there?: string | undefined }): VNode {
  return (
    <>
      <NodeLink path={node} />
      {there !== undefined && (
        <span class="muted">
          {' '}
          (there <NodePath path={there} />)
        </span>
      )}
    </>
  )
}

function tookText(took: number | 'reused' | undefined): string {
  return took === 'reused' ? took : timeText(took)
}

function timeText(ms: number | undefined): string {
  return ms === undefined ? '' : durationText(ms)
}

/** JSON has no NaN: it has come as null. */
function metricText(value: number | null | undefined): string {
  return value === undefined ? '' : numberText(value ?? Number.NaN)
}

function Metrics({ metrics }: Pick<PageComparison, 'metrics'>): VNode {
  return (
    <Section title="Metrics">
      {metrics.length === 0 ? (
        <p class="muted">The metrics of all nodes that both runs have are the same.</p>
      ) : (
        <Table
          caption="Metrics that differ"
          head={['node', 'metric', 'this run', 'the other run', 'change']}
          numeric={[2, 3, 4]}
          rows={metrics.map(({ node, there, name, a, b }) => [
            <Place node={node} there={there} />,
            name,
            metricText(a),
            metricText(b),
            typeof a === 'number' && typeof b === 'number' ? changeText(a, b) : '',
          ])}
        />
      )}
    </Section>
  )
}

function Nodes({ comparison }: { readonly comparison: PageComparison }): VNode {
  const { nodes, equalNodes, movedNodes, moreNodes, onlyHere, onlyThere, moreOnly } = comparison
  return (
    <Section title="Nodes">
      <p class="muted">
        {equalNodes} node{equalNodes === 1 ? ' has' : 's have'} the same code, inputs and outputs.
        {movedNodes > 0 &&
          ` Items of maps are compared by their content: ${movedNodes.toLocaleString('en')} stand${movedNodes === 1 ? 's' : ''} elsewhere in the list.`}
        {moreNodes > 0 && ` ${moreNodes.toLocaleString('en')} more differ than are listed.`}
        {moreOnly > 0 && ` ${moreOnly.toLocaleString('en')} more are in one run alone than are listed.`}
      </p>
      {nodes.length > 0 && (
        <Table
          caption="Nodes that differ"
          head={['node', 'what differs', 'took here', 'took there']}
          numeric={[2, 3]}
          rows={nodes.map(({ node, there, what, tookHere, tookThere }) => [
            <Place node={node} there={there} />,
            what.join('; '),
            tookText(tookHere),
            tookText(tookThere),
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
