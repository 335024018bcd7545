import type { VNode } from 'preact'
import { durationText, numberText } from '../../../ui/text.ts'
import { patternOf } from '../../pattern.ts'
import { shown } from '../../shown.ts'
import type { PageCurve, PageMetric, PageNode } from '../../page-data.ts'
import { Digest } from '../parts/digest.tsx'
import { ErrorBox } from '../parts/error-box.tsx'
import { JsonTree } from '../parts/json-tree.tsx'
import { Pairs } from '../parts/pairs.tsx'
import { Section } from '../parts/section.tsx'
import { StateMark } from '../parts/state-mark.tsx'
import { Table } from '../parts/table.tsx'
import { ValueList } from '../parts/value.tsx'
import { countsOf } from '../counts.ts'
import { usePage } from '../page-context.ts'
import { Attempts, LogLines } from './attempts.tsx'
import { CacheExplanation } from './cache-explanation.tsx'
import { MetricCurve } from './metric-curve.tsx'
import { Preview } from './preview.tsx'

const mostInside = 50

function factsOf(node: PageNode): (readonly [string, VNode | string])[] {
  const { start, end, ready, step, state, critical, attempts = [] } = node
  const facts: (readonly [string, VNode | string])[] = [['State', <StateMark state={state} />]]
  if (step !== null) facts.push(['Step', shown(step)])
  if (start !== undefined && end !== undefined && state !== 'reused')
    facts.push(['Took', durationText(end - start)])
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
  const entries = Object.entries(node.metrics ?? {})
  const logs = [...(node.attempts ?? []).toReversed().map(({ log }) => log), node.madeLog]
  const curves = logs.flatMap((log) => (log === undefined ? [] : (data.logs[log]?.curves ?? [])))
  return (
    <Section title="Metrics">
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

/** All that is known of an execution. */
export function NodePanel({ node }: { readonly node: PageNode }): VNode {
  const { data } = usePage()
  const { error, inputs = [], outputs = [], metrics, params, reports = [], attempts = [], key, code } = node
  return (
    <>
      <Pairs pairs={factsOf(node)} />
      {error !== undefined && <ErrorBox error={error} />}
      {node.state !== 'not run' && (
        <>
          {(node.type === 'step' || inputs.length > 0) && (
            <Section title="Inputs">
              <ValueList values={inputs} none="It reads nothing." />
            </Section>
          )}
          {node.type !== 'step' && <Inside path={node.path} />}
          <Section title="Outputs">
            <ValueList values={outputs} none="It has given nothing." />
          </Section>
        </>
      )}
      {metrics !== undefined && <Metrics node={node} />}
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
