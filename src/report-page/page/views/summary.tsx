import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import { shown } from '../../shown.ts'
import type { PageData, PageNode } from '../../page-data.ts'
import { CurvesFigure, curveNames } from '../charts/curves-figure.tsx'
import { countsOf } from '../counts.ts'
import { usePage } from '../page-context.ts'
import { ErrorBox } from '../parts/error-box.tsx'
import { Section } from '../parts/section.tsx'
import { ValueList } from '../parts/value.tsx'
import { ReportBlocks } from '../panel/report-blocks.tsx'
import { Cards } from '../summary/cards.tsx'
import { CriticalPath } from '../summary/critical-path.tsx'
import { Failures } from '../summary/failures.tsx'
import { figuresOf } from '../summary/figures.ts'
import { MetricsTable } from '../summary/metrics-table.tsx'
import { OpenWaits } from '../summary/open-waits.tsx'
import { StateBar } from '../summary/state-bar.tsx'

const mostSteps = 4
const mostCurves = 6
/** Runs that can be taken up again. */
const resumable: ReadonlySet<string> = new Set(['failed', 'cancelled', 'interrupted'])

/** What the steps came to: a table for each step, and its curves in common pictures. */
function Figures({
  steps,
  data,
}: {
  readonly steps: readonly PageNode[]
  readonly data: PageData
}): VNode | null {
  const all = useMemo(() => figuresOf(steps, data), [])
  if (all.length === 0) return null
  // A sweep first: what was tried most often is what a reader compares.
  const figures = all.toSorted((a, b) => b.nodes.length - a.nodes.length)
  return (
    <Section title="Metrics">
      {figures.slice(0, mostSteps).map((one) => (
        <div key={one.step} class="figures">
          <h4>{shown(one.step)}</h4>
          <MetricsTable figures={one} />
          <div class="blocks">
            {curveNames(one.nodes)
              .slice(0, mostCurves)
              .map((name) => (
                <div key={name} class="block block-chart">
                  <CurvesFigure name={name} nodes={one.nodes} />
                </div>
              ))}
          </div>
        </div>
      ))}
      {figures.length > mostSteps && (
        <p class="muted">
          {figures.length - mostSteps} more steps tell metrics: they stand with their nodes.
        </p>
      )}
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
      {steps.length > 0 && <StateBar counts={countsOf(steps, data.omitted?.states)} />}
      {run.error !== undefined && failed.length === 0 && <ErrorBox error={run.error} />}
      {failed.length > 0 && <Failures nodes={failed} />}
      <OpenWaits nodes={nodes} />
      {resumable.has(run.state) && (
        <p class="notice">
          {run.undone === true ? 'Its effects were taken back; begin again:' : 'Go on where it ended:'}{' '}
          <code>
            npx pipewright {run.undone === true ? 'rerun' : 'resume'} {run.id}
          </code>
        </p>
      )}
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
      <Figures steps={steps} data={data} />
      {nodes.some(({ critical }) => critical === true) && <CriticalPath data={data} />}
      {report !== undefined && (
        <Section title={`Report${report.title === undefined ? '' : `: ${report.title}`}`}>
          <ReportBlocks blocks={report.blocks} />
        </Section>
      )}
    </>
  )
}
