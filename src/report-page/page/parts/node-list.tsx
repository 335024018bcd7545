import type { VNode } from 'preact'
import { NodeLink } from './name.tsx'

const most = 12

/** Nodes by their paths, the first of them. */
export function NodeList({ paths }: { readonly paths: readonly string[] }): VNode {
  return (
    <>
      <ul>
        {paths.slice(0, most).map((path) => (
          <li key={path}>
            <NodeLink path={path} />
          </li>
        ))}
      </ul>
      {paths.length > most && <p class="muted">and {(paths.length - most).toLocaleString('en')} more</p>}
    </>
  )
}
