import type { VNode } from 'preact'
import type { PageData, PageNode } from '../../page-data.ts'
import { NodeLink } from '../parts/name.tsx'
import { Section } from '../parts/section.tsx'
import { workOf, workText } from '../times.ts'

const mostCritical = 12

/** The steps that decided when the run was over. */
export function CriticalPath({ data }: { readonly data: PageData }): VNode {
  const { nodes, run } = data
  const timeOf = (node: PageNode): number => workOf(node, data) ?? 0
  const path = nodes
    .filter(({ critical, step }) => critical === true && step !== null)
    .sort((a, b) => (a.start ?? 0) - (b.start ?? 0))
  const longest = path.toSorted((a, b) => timeOf(b) - timeOf(a)).slice(0, mostCritical)
  const kept = new Set(longest)
  const most = Math.max(1, ...path.map(timeOf))
  return (
    <Section title="Critical path">
      <p class="muted">
        {run.soFar === undefined ? 'The run was over when these were' : 'What the run has waited for so far'}:{' '}
        {path.length} step{path.length === 1 ? '' : 's'}
        {path.length > mostCritical && `, the ${mostCritical} longest`}.
      </p>
      <ol class="critical">
        {path
          .filter((node) => kept.has(node))
          .map((node) => (
            <li key={node.path} style={{ '--share': `${(100 * timeOf(node)) / most}%` }}>
              <NodeLink path={node.path} />
              <span class="number">{node.state === 'reused' ? 'reused' : workText(node, data)}</span>
            </li>
          ))}
      </ol>
    </Section>
  )
}
