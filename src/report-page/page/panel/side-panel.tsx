import type { ComponentChildren, VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { shown } from '../../shown.ts'
import { usePage } from '../page-context.ts'
import { hrefOf, type Panel } from '../route.ts'
import { ArtifactPanel } from './artifact-panel.tsx'
import { GroupPanel } from './group-panel.tsx'
import { NodePanel } from './node-panel.tsx'

interface Content {
  readonly kicker: string
  readonly title: string
  readonly body: ComponentChildren
}

function contentOf(panel: Panel, { data, nodeAt, groups }: ReturnType<typeof usePage>): Content {
  if (panel.type === 'node') {
    const node = nodeAt.get(panel.path)
    return {
      kicker: node === undefined || node.type === 'step' ? 'Node' : `Node (${node.type})`,
      title: shown(panel.path),
      body:
        node === undefined ? <p>This run has no such node.</p> : <NodePanel node={node} key={node.path} />,
    }
  }
  if (panel.type === 'group') {
    const nodes = groups.get(panel.pattern)
    return {
      kicker: 'Node in a map',
      title: shown(panel.pattern),
      body: nodes === undefined ? <p>It has not been executed.</p> : <GroupPanel nodes={nodes} />,
    }
  }
  if (panel.type === 'step') {
    const nodes = data.nodes.filter(({ step }) => step === panel.name)
    return {
      kicker: 'All nodes of a step',
      title: shown(panel.name),
      body: nodes.length === 0 ? <p>It has not been executed.</p> : <GroupPanel nodes={nodes} />,
    }
  }
  const artifact = data.artifacts[panel.number]
  return {
    kicker: 'Artifact',
    title: artifact === undefined ? 'unknown' : artifact.from,
    body:
      artifact === undefined ? (
        <p>This page has no such artifact.</p>
      ) : (
        <ArtifactPanel artifact={artifact} number={panel.number} key={panel.number} />
      ),
  }
}

/** What is known of one node or artifact, beside the view it was chosen in. */
export function SidePanel({ panel }: { readonly panel: Panel }): VNode {
  const page = usePage()
  const head = useRef<HTMLHeadingElement>(null)
  const back = useRef<Element | null>(null)
  const close = hrefOf({ view: page.view })
  const { kicker, title, body } = contentOf(panel, page)
  const place = hrefOf({ view: page.view, panel })
  useEffect(() => {
    back.current ??= document.activeElement
    head.current?.focus({ preventScroll: true })
    head.current?.closest('aside')?.scrollTo(0, 0)
  }, [place])
  useEffect(() => {
    const leave = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') location.hash = close
    }
    addEventListener('keydown', leave)
    return () => removeEventListener('keydown', leave)
  }, [close])
  useEffect(
    () => () => {
      if (back.current instanceof HTMLElement || back.current instanceof SVGElement) back.current.focus()
    },
    [],
  )
  return (
    <aside class="panel" aria-labelledby="panel-title">
      <div class="panel-head">
        <div>
          <p class="kicker">{kicker}</p>
          <h2 id="panel-title" tabIndex={-1} ref={head}>
            {title}
          </h2>
        </div>
        <a class="close" href={close} aria-label="Close">
          <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d="M4 4l8 8M12 4l-8 8" />
          </svg>
        </a>
      </div>
      {body}
    </aside>
  )
}
