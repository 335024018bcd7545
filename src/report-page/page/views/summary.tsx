import type { VNode } from 'preact'
import { durationText, numberText } from '../../../ui/text.ts'
import { shown } from '../../shown.ts'
import type { PageData, PageNode } from '../../page-data.ts'
import { countsOf } from '../counts.ts'
import { usePage } from '../page-context.ts'
import { ErrorBox } from '../parts/error-box.tsx'
import { NodeLink } from '../parts/name.tsx'
import { Section } from '../parts/section.tsx'
import { StateIcon, stateClass } from '../parts/state-mark.tsx'
import { Table } from '../parts/table.tsx'
import { ValueList } from '../parts/value.tsx'
import { ReportBlocks } from '../panel/report-blocks.tsx'

const mostFailed = 5
const mostRows = 20
const mostColumns = 8
const mostCritical = 12

function Cards({ steps, data }: { readonly steps: readonly PageNode[]; readonly data: PageData }): VNode {
  const counts = countsOf(steps)
  const worked = steps.reduce((sum, node) => sum + timeOf(node), 0)
  const reused = steps.filter(({ state }) => state === 'reused').length
  const cards: (readonly [string, string, string])[] = [
    [
      'Duration',
      data.run.duration === undefined ? 'not over' : durationText(data.run.duration),
      `${durationText(worked)} of work in steps`,
    ],
    [
      'Steps',
      steps.length.toLocaleString('en'),
      counts.map(([state, count]) => `${count.toLocaleString('en')} ${state}`).join(', '),
    ],
    [
      'From the cache',
      steps.length === 0 ? '0 %' : `${Math.round((100 * reused) / steps.length)} %`,
      reused === 0 ? 'nothing was reused' : `${reused} step${reused === 1 ? '' : 's'} reused`,
    ],
    ['Artifacts', data.artifacts.length.toLocaleString('en'), 'used or made, each once'],
  ]
  return (
    <ul class="cards">
      {cards.map(([name, value, note]) => (
        <li key={name}>
          <p class="card-name">{name}</p>
          <p class="card-value">{value}</p>
          <p class="muted">{note}</p>
        </li>
      ))}
    </ul>
  )
}

/** The states of all steps as one bar. */
function StateBar({ steps }: { readonly steps: readonly PageNode[] }): VNode {
  const counts = countsOf(steps)
  return (
    <div class="state-bar-box">
      <div class="state-bar" aria-hidden="true">
        {counts.map(([state, count]) => (
          <span key={state} class={stateClass(state)} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul class="legend">
        {counts.map(([state, count]) => (
          <li key={state}>
            <StateIcon state={state} /> {count.toLocaleString('en')} {state}
          </li>
        ))}
      </ul>
    </div>
  )
}

function Failures({ nodes }: { readonly nodes: readonly PageNode[] }): VNode {
  return (
    <Section title={nodes.length === 1 ? 'What failed' : `What failed (${nodes.length} nodes)`}>
      {nodes.slice(0, mostFailed).map(({ path, error }) => (
        <div key={path} class="failure">
          <p>
            <StateIcon state="failed" /> <NodeLink path={path} />
          </p>
          {error !== undefined && <ErrorBox error={error} />}
        </div>
      ))}
      {nodes.length > mostFailed && <p class="muted">and {nodes.length - mostFailed} more: see Nodes</p>}
    </Section>
  )
}

/** The numbers of a node: those of its metrics outputs, and of `ctx.metric`. */
function numbersOf({ outputs = [], metrics = {} }: PageNode, { artifacts }: PageData): Map<string, number> {
  const numbers = new Map(Object.entries(metrics).map(([name, { last }]) => [name, last]))
  for (const [, value] of outputs) {
    const artifact = 'artifact' in value ? artifacts[value.artifact] : undefined
    if (artifact?.kind !== 'metrics' || artifact.preview.type !== 'json') continue
    const record = JSON.parse(artifact.preview.text) as Readonly<Record<string, unknown>>
    for (const [name, number] of Object.entries(record))
      if (typeof number === 'number') numbers.set(name, number)
  }
  return numbers
}

function Metrics({
  steps,
  data,
}: {
  readonly steps: readonly PageNode[]
  readonly data: PageData
}): VNode | null {
  const rows: { readonly path: string; readonly numbers: ReadonlyMap<string, number> }[] = []
  for (const node of steps) {
    const numbers = numbersOf(node, data)
    if (numbers.size > 0) rows.push({ path: node.path, numbers })
    if (rows.length > mostRows) break
  }
  const names = [...new Set(rows.flatMap(({ numbers }) => [...numbers.keys()]))].slice(0, mostColumns)
  if (rows.length === 0) return null
  return (
    <Section title="Metrics">
      <Table
        caption="Metrics by node"
        head={['node', ...names.map((name) => shown(name, 40))]}
        numeric={names.map((_, index) => index + 1)}
        rows={rows
          .slice(0, mostRows)
          .map(({ path, numbers }) => [
            <NodeLink path={path} />,
            ...names.map((name) => (numbers.has(name) ? numberText(numbers.get(name)!) : '')),
          ])}
      />
      {(rows.length > mostRows || names.length === mostColumns) && (
        <p class="muted">More of them stand with their nodes.</p>
      )}
    </Section>
  )
}

/** How long a step has worked, in milliseconds. */
function timeOf({ start = 0, end = start, state }: PageNode): number {
  return state === 'reused' ? 0 : end - start
}

function CriticalPath({ nodes }: { readonly nodes: readonly PageNode[] }): VNode {
  const path = nodes
    .filter(({ critical, step }) => critical === true && step !== null)
    .sort((a, b) => (a.start ?? 0) - (b.start ?? 0))
  const longest = path.toSorted((a, b) => timeOf(b) - timeOf(a)).slice(0, mostCritical)
  const kept = new Set(longest)
  const most = Math.max(1, ...path.map(timeOf))
  return (
    <Section title="Critical path">
      <p class="muted">
        The run was over when these were: {path.length} step{path.length === 1 ? '' : 's'}
        {path.length > mostCritical && `, the ${mostCritical} longest`}.
      </p>
      <ol class="critical">
        {path
          .filter((node) => kept.has(node))
          .map((node) => (
            <li key={node.path} style={{ '--share': `${(100 * timeOf(node)) / most}%` }}>
              <NodeLink path={node.path} />
              <span class="number">{node.state === 'reused' ? 'reused' : durationText(timeOf(node))}</span>
            </li>
          ))}
      </ol>
    </Section>
  )
}

const emptyText: Readonly<Record<string, string>> = {
  succeeded: 'The pipeline gives nothing.',
  running: 'There are none yet.',
  waiting: 'There are none yet.',
}

/** What the run was given, what came of it, and what to look at. */
export function SummaryView(): VNode {
  const { data } = usePage()
  const { run, nodes } = data
  const steps = nodes.filter(({ type }) => type === 'step')
  const failed = steps.filter(({ state }) => state === 'failed')
  const [report] = data.outputs.flatMap(([, value]) => {
    const preview = 'artifact' in value ? data.artifacts[value.artifact]?.preview : undefined
    return preview?.type === 'report' ? [preview] : []
  })
  return (
    <>
      <h2 class="hidden">Summary</h2>
      <Cards steps={steps} data={data} />
      {steps.length > 0 && <StateBar steps={steps} />}
      {run.error !== undefined && failed.length === 0 && <ErrorBox error={run.error} />}
      {failed.length > 0 && <Failures nodes={failed} />}
      {run.verification.map((line) => (
        <p key={line} class="notice">
          {line}
        </p>
      ))}
      <div class="halves">
        <Section title="Outputs">
          <ValueList values={data.outputs} none={emptyText[run.state] ?? 'The run has given none.'} />
        </Section>
        <Section title="Inputs">
          <ValueList values={data.inputs} none="The pipeline takes nothing." />
        </Section>
      </div>
      {report !== undefined && (
        <Section title={`Report${report.title === undefined ? '' : `: ${report.title}`}`}>
          <ReportBlocks blocks={report.blocks} />
        </Section>
      )}
      <div class="halves">
        <Metrics steps={steps} data={data} />
        {nodes.some(({ critical }) => critical === true) && <CriticalPath nodes={nodes} />}
      </div>
    </>
  )
}
