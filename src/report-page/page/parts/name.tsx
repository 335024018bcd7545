import type { VNode } from 'preact'
import { shown } from '../../shown.ts'
import { usePage } from '../page-context.ts'

/** The path of a node: its last part stands out, breaks are allowed between parts. */
export function NodePath({ path }: { readonly path: string }): VNode {
  const parts = shown(path).split('/')
  return (
    <span class="path">
      {parts.map((part, index) => (
        <span key={index} class={index === parts.length - 1 ? 'last' : undefined}>
          {index === parts.length - 1 ? (
            part
          ) : (
            <>
              {/* Where it is cut, it is cut on the left: the number of an item stands at its end. */}
              <bdi dir="ltr">{part}/</bdi>
              <wbr />
            </>
          )}
        </span>
      ))}
    </span>
  )
}

/** A node by its path: a link where this run has it. */
export function NodeLink({ path }: { readonly path: string }): VNode {
  const { nodeAt, open, panelHref } = usePage()
  const isOpen = open?.type === 'node' && open.path === path
  return nodeAt.has(path) ? (
    <a href={panelHref({ type: 'node', path })} aria-current={isOpen ? 'true' : undefined}>
      <NodePath path={path} />
    </a>
  ) : (
    <NodePath path={path} />
  )
}
