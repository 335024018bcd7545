import type { VNode } from 'preact'
import type { PageData, PageNode } from '../../page-data.ts'
import { NodeLink } from '../parts/name.tsx'
import { Section } from '../parts/section.tsx'
import { isTimedNode, isWaitNode } from '../node-types.ts'
import { workOf, workText } from '../times.ts'

const mostCritical = 12

function amountText(path: readonly PageNode[]): string {
  const waits = path.filter(isWaitNode).length
  const steps = path.length - waits
  return [
    ...(steps > 0 || waits === 0 ? [`${steps} step${steps === 1 ? '' : 's'}`] : []),
    ...(waits > 0 ? [`${waits} wait${waits === 1 ? '' : 's'}`] : []),
  ].join(' and ')
}

/** The steps and waits that decided when the run was over. */
export function CriticalPath({ data }: { readonly data: PageData }): VNode {
  const { nodes, run } = data
  const timeOf = (node: PageNode): number => workOf(node, data) ?? 0
  const path = nodes
    .filter((node) => node.critical === true && isTimedNode(node))
    .sort((a, b) => (a.start ?? 0) - (b.start ?? 0))
  const longest = path.toSorted((a, b) => timeOf(b) - timeOf(a)).slice(0, mostCritical)
  const kept = new Set(longest)
  const most = Math.max(1, ...path.map(timeOf))
  return (
    <Section title="Critical path">
      <p class="muted">
        {run.soFar === undefined ? 'The run was over when these were' : 'What the run has waited for so far'}:{' '}
        {amountText(path)}
        {path.length > mostCritical && `, the ${mostCritical} longest`}.
      </p>
      <ol class="critical">
        {path
          .filter((node) => kept.has(node))
          .map((node) => (
            <li key={node.path} style={{ '--share': `${(100 * timeOf(node)) / most}%` }}>
              <NodeLink path={node.path} />
              <span class="number">
                {node.state === 'reused'
                  ? 'reused'
                  : `${isWaitNode(node) ? 'waited ' : ''}${workText(node, data)}`}
              </span>
            </li>
          ))}
      </ol>
    </Section>
  )
}
