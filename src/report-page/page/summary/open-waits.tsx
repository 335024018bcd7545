import type { VNode } from 'preact'
import type { PageNode } from '../../page-data.ts'
import { NodeLink } from '../parts/name.tsx'
import { Section } from '../parts/section.tsx'
import { ValueList } from '../parts/value.tsx'
import { StateIcon } from '../parts/state-mark.tsx'

const mostWaits = 10

/** What a run that goes on waits for from outside, and the commands that give it. */
export function OpenWaits({ nodes }: { readonly nodes: readonly PageNode[] }): VNode | null {
  const waits = nodes.filter(({ waitsOn }) => waitsOn !== undefined)
  if (waits.length === 0) return null
  return (
    <Section title="What it waits for">
      {waits.slice(0, mostWaits).map(({ path, waitsOn, command, show }) => (
        <div key={path} class="notice">
          <p>
            <StateIcon state="waiting" /> <NodeLink path={path} /> waits {waitsOn}
          </p>
          {show !== undefined && <ValueList values={show} none="" />}
          {command !== undefined && <code>{command}</code>}
        </div>
      ))}
      {waits.length > mostWaits && <p class="muted">and {waits.length - mostWaits} more: see Nodes</p>}
    </Section>
  )
}
