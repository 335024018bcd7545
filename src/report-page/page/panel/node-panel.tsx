import type { VNode } from 'preact'
import { durationText, numberText } from '../../../ui/text.ts'
import { patternOf } from '../../../plan/node-path.ts'
import { shown } from '../../shown.ts'
import type { PageCurve, PageData, PageMetric, PageNode, PageUndo } from '../../page-data.ts'
import { Digest } from '../parts/digest.tsx'
import { ErrorBox } from '../parts/error-box.tsx'
import { JsonTree } from '../parts/json-tree.tsx'
import { NodeList } from '../parts/node-list.tsx'
import { Pairs } from '../parts/pairs.tsx'
import { Section } from '../parts/section.tsx'
import { StateMark } from '../parts/state-mark.tsx'
import { Table } from '../parts/table.tsx'
import { ValueList } from '../parts/value.tsx'
import { countsOf } from '../counts.ts'
import { curvesOf, metricsOf } from '../summary/figures.ts'
import { isWaitNode } from '../node-types.ts'
import { usePage } from '../page-context.ts'
import { clockText, workText } from '../times.ts'
import { Attempts, LogLines } from './attempts.tsx'
import { CacheExplanation } from './cache-explanation.tsx'
import { MetricCurve } from './metric-curve.tsx'
import { Preview } from './preview.tsx'

const mostInside = 50

/** What a node that is not over does, and since when. */
function pendingFacts(node: PageNode, data: PageData): (readonly [string, VNode | string])[] {
  const { state, start, ready, retryAt, waitsFor = [], waitsOn, failedBefore, items, unbegun = 0 } = node
  const facts: (readonly [string, VNode | string])[] = []
  if (state === 'running' && start !== undefined)
    facts.push(['Running since', `${clockText(start, data)}: ${workText(node, data)}`])
  if (items !== undefined)
    facts.push([
      'Items',
      `${items.toLocaleString('en')}, of which ${unbegun.toLocaleString('en')} have not begun`,
    ])
  if (waitsOn !== undefined) {
    facts.push(['Waiting', waitsOn])
    if (node.command !== undefined) facts.push(['To go on', <code>{node.command}</code>])
  } else if (retryAt !== undefined)
    facts.push(['Waiting', `until ${clockText(retryAt, data)}, when it is tried again`])
  else if (state === 'waiting' && waitsFor.length === 0 && ready !== undefined)
    facts.push(['Waiting since', `${clockText(ready, data)}, with all its inputs there, for a free place`])
  if (waitsFor.length > 0)
    facts.push([state === 'blocked' ? 'Blocked by' : 'Waiting for', <NodeList paths={waitsFor} />])
  if (failedBefore !== undefined && !waitsFor.includes(failedBefore))
    facts.push(['Failed before it', <NodeList paths={[failedBefore]} />])
  return facts
}

/** How an effect was taken back. */
function Undo({ undo }: { readonly undo: PageUndo }): VNode {
  const { data } = usePage()
  const { state, start, end, error, log } = undo
  const when = clockText(start, data)
  return (
    <Section title="Undo">
      <p>
        {state === 'undone'
          ? `The effect was taken back at ${when}, because the run has failed.`
          : state === 'failed'
            ? `The effect could not be taken back at ${when}: take it back by hand.`
            : `The effect is being taken back since ${when}.`}
        {end !== undefined && <span class="muted"> It took {durationText(end - start)}.</span>}
      </p>
      {error !== undefined && <ErrorBox error={error} />}
      {log !== undefined && data.logs[log] !== undefined && <LogLines log={data.logs[log]} />}
    </Section>
  )
}

function factsOf(node: PageNode, data: PageData): (readonly [string, VNode | string])[] {
  const { start, end, ready, step, state, critical, attempts = [] } = node
  const facts: (readonly [string, VNode | string])[] = [['State', <StateMark state={state} />]]
  if (step !== null) facts.push(['Step', shown(step)])
  if (end !== undefined && state !== 'reused')
    facts.push([isWaitNode(node) ? 'Waited' : 'Took', workText(node, data)])
  facts.push(...pendingFacts(node, data))
  if (start !== undefined) facts.push(['Started', `${durationText(start)} into the run`])
  if (start !== undefined && ready !== undefined && start - ready >= 1)
    facts.push(['Waited', `${durationText(start - ready)}, with all its inputs there`])
  if (attempts.length > 1) facts.push(['Attempts', String(attempts.length)])
  if (critical === true) facts.push(['Critical path', 'yes: the run was over later because of it'])
  return facts
}

function summaryOf({ points, count }: PageCurve): PageMetric {
  const values = points.map(([, value]) => value)
  return { last: values.at(-1)!, min: Math.min(...values), max: Math.max(...values), count }
}

function Metrics({ node }: { readonly node: PageNode }): VNode {
  const { data } = usePage()
  const entries = Object.entries(metricsOf(node) ?? {})
  const curves = curvesOf(node, data)
  return (
    <Section title={node.metrics === undefined ? 'Metrics of an attempt without a result' : 'Metrics'}>
      <Table
        caption="Metrics of this node"
        head={['metric', 'last', 'min', 'max', 'points']}
        numeric={[1, 2, 3, 4]}
        rows={entries.map(([name, metric]) => {
          // A metrics output of the same name counts as one point: the curve knows all of them.
          const curve = curves.find((one) => one.name === shown(name, 120))
          const { last, min, max, count } =
            curve !== undefined && curve.count > metric.count ? summaryOf(curve) : metric
          return [
            shown(name),
            ...[last, min, max].map((value) => numberText(value ?? Number.NaN)),
            String(count),
          ]
        })}
      />
      {entries.map(([name]) => {
        const curve = curves.find((one) => one.name === shown(name, 120))
        return curve !== undefined && curve.points.length > 1 && <MetricCurve key={name} curve={curve} />
      })}
    </Section>
  )
}

/** The nodes inside of a map, a branch or a sub-pipeline; of a map each stands for all items. */
function Inside({ path }: { readonly path: string }): VNode | null {
  const { groups, panelHref } = usePage()
  const pattern = patternOf(path)
  const inside = [...groups].filter(
    ([one]) => one.startsWith(`${pattern}[]/`) || one.startsWith(`${pattern}/`),
  )
  if (inside.length === 0) return null
  return (
    <Section title="Inside">
      <ul>
        {inside.slice(0, mostInside).map(([one, nodes]) => (
          <li key={one}>
            <a
              href={panelHref(
                nodes.length === 1 ? { type: 'node', path: nodes[0]!.path } : { type: 'group', pattern: one },
              )}
            >
              {shown(one.slice(pattern.length).replace(/^(?:\[\])?\//, ''))}
            </a>{' '}
            <span class="muted">
              {countsOf(nodes)
                .map(([state, count]) => `${count.toLocaleString('en')} ${state}`)
                .join(', ')}
            </span>
          </li>
        ))}
      </ul>
      {inside.length > mostInside && <p class="muted">and {inside.length - mostInside} more</p>}
    </Section>
  )
}

/** Whether there is more to say than that it has not been executed. */
function hasBegun({ state, type, attempts = [] }: PageNode): boolean {
  return (
    type !== 'step' || attempts.length > 0 || !['not run', 'waiting', 'skipped', 'blocked'].includes(state)
  )
}

/** All that is known of an execution. */
export function NodePanel({ node }: { readonly node: PageNode }): VNode {
  const { data } = usePage()
  const { error, inputs = [], outputs = [], params, reports = [], attempts = [], key, code } = node
  // The record of a node names its values when it has succeeded; until then some are told from the plan.
  const isKnown = node.state === 'succeeded' || node.state === 'reused'
  const none = (text: string): string => (isKnown ? text : 'They are recorded when a node succeeds.')
  return (
    <>
      <Pairs pairs={factsOf(node, data)} />
      {error !== undefined && <ErrorBox error={error} />}
      {node.undo !== undefined && <Undo undo={node.undo} />}
      {node.show !== undefined && (
        <Section title="Shown to whoever decides">
          <ValueList values={node.show} none="" />
        </Section>
      )}
      {hasBegun(node) && (
        <>
          {(node.type === 'step' || inputs.length > 0) && (
            <Section title="Inputs">
              <ValueList values={inputs} none={none('It reads nothing.')} />
              {!isKnown && inputs.length > 0 && (
                <p class="muted">As the plan gives them; those of a node that succeeds are recorded.</p>
              )}
            </Section>
          )}
          {node.type !== 'step' && <Inside path={node.path} />}
          <Section title="Outputs">
            <ValueList values={outputs} none={none('It has given nothing.')} />
          </Section>
        </>
      )}
      {metricsOf(node) !== undefined && <Metrics node={node} />}
      {params !== undefined && (
        <Section title="Parameters">
          <JsonTree value={params} />
        </Section>
      )}
      {reports.map((number) => (
        <Section key={number} title="Report">
          <Preview preview={data.artifacts[number]!.preview} />
        </Section>
      ))}
      {node.step !== null && <CacheExplanation node={node} />}
      {attempts.length > 0 && (
        <Section title={attempts.length === 1 ? 'Log' : 'Attempts and logs'}>
          <Attempts attempts={attempts} />
        </Section>
      )}
      {node.madeLog !== undefined && data.logs[node.madeLog] !== undefined && (
        <Section title="Log of the execution that was reused">
          <LogLines log={data.logs[node.madeLog]!} />
        </Section>
      )}
      {(key !== undefined || code !== undefined) && (
        <Section title="Digests">
          <Pairs
            pairs={[
              ...(key === undefined ? [] : [['Cache key', <Digest digest={key} />] as const]),
              ...(code === undefined ? [] : [['Code', <Digest digest={code} />] as const]),
            ]}
          />
        </Section>
      )}
    </>
  )
}
