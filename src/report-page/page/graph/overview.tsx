import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import type { PageGraphNode } from '../../page-data.ts'
import { stateClass } from '../parts/state-mark.tsx'
import { mainState } from './main-state.ts'

/** Very many nodes from far away: one outline for each state. */
export function Overview({ nodes }: { readonly nodes: readonly PageGraphNode[] }): VNode {
  const paths = useMemo(() => {
    const parts = new Map<string, string[]>()
    for (const node of nodes) {
      const state = mainState(node)
      const list = parts.get(state) ?? []
      list.push(`M${node.x} ${node.y}h${node.width}v${node.height}h${-node.width}z`)
      parts.set(state, list)
    }
    return [...parts].map(([state, list]) => [state, list.join('')] as const)
  }, [nodes])
  return (
    <>
      {paths.map(([state, path]) => (
        <path key={state} class={`overview ${stateClass(state)}`} d={path} />
      ))}
    </>
  )
}
