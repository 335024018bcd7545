import type { VNode } from 'preact'
import type { PageNode } from '../../page-data.ts'
import { usePage } from '../page-context.ts'
import { LogLines } from '../panel/attempts.tsx'
import { ErrorBox } from '../parts/error-box.tsx'
import { NodeLink } from '../parts/name.tsx'
import { Section } from '../parts/section.tsx'
import { StateIcon } from '../parts/state-mark.tsx'

const mostFailed = 5

/** What a step has written before it failed: in its last try. */
function LastLog({ node }: { readonly node: PageNode }): VNode | null {
  const { data } = usePage()
  const attempt = node.attempts?.at(-1)
  const log = attempt?.log === undefined ? undefined : data.logs[attempt.log]
  if (log === undefined || log.lines.length === 0) return null
  return (
    <details>
      <summary>
        Log of {node.attempts!.length === 1 ? 'its attempt' : `attempt ${attempt!.number}, the last`}
      </summary>
      <LogLines log={log} />
    </details>
  )
}

/** The nodes that have failed, with their errors and their logs. */
export function Failures({ nodes }: { readonly nodes: readonly PageNode[] }): VNode {
  return (
    <Section title={nodes.length === 1 ? 'What failed' : `What failed (${nodes.length} nodes)`}>
      {nodes.slice(0, mostFailed).map((node) => (
        <div key={node.path} class="failure">
          <p>
            <StateIcon state="failed" /> <NodeLink path={node.path} />
            {node.attempts !== undefined && node.attempts.length > 1 && (
              <span class="muted"> after {node.attempts.length} attempts</span>
            )}
          </p>
          {node.error !== undefined && <ErrorBox error={node.error} />}
          <LastLog node={node} />
        </div>
      ))}
      {nodes.length > mostFailed && <p class="muted">and {nodes.length - mostFailed} more: see Nodes</p>}
    </Section>
  )
}
