import { bodiesOf, branchOf, hasBranches } from './bodies.ts'
import type { Plan, PlanNode, PlanScope } from './document.ts'
import { graphOfScope } from './graph.ts'
import { itemOfName, segmentsOf } from './node-path.ts'

/** The part of a plan in which nodes are found. */
export type PlanGraph = Pick<Plan, 'scope' | 'pipelines'>

/** A scope on the way to a node; `node` is what it is the inside of. */
export interface Frame {
  readonly scope: PlanScope
  /** What stands before the ids of its nodes in a path. */
  readonly prefix: string
  readonly node: PlanNode | undefined
  /** The item of a map by its key or its number, or the round of a loop; undefined where the path names none. */
  readonly item: number | string | undefined
}

/** The node of a scope with an id. */
export function nodeIn(scope: PlanScope, id: string): PlanNode | undefined {
  const { nodes, numbers } = graphOfScope(scope)
  return nodes[numbers.get(id) ?? -1]
}

/** The scope that a path goes on in: of a node with branches the one that it names. */
export function bodyAt(plan: PlanGraph, node: PlanNode, branch: string | undefined): PlanScope | undefined {
  if (node.type === 'recurse') return plan.pipelines?.[node.pipeline]?.scope
  if (hasBranches(node)) return branch === undefined ? undefined : branchOf(node, branch)
  return bodiesOf(node)[0]?.scope
}

/**
 * The scopes around a node, outermost first, and the node; undefined where the plan has no such path. A path may leave
 * out items and rounds. That of a branch itself (`gate/then`) finds the node that it is of.
 */
export function locate(
  plan: PlanGraph,
  path: string,
): { readonly frames: readonly Frame[]; readonly node: PlanNode } | undefined {
  const frames: Frame[] = [{ scope: plan.scope, prefix: '', node: undefined, item: undefined }]
  const segments = segmentsOf(path)
  for (let at = 0; ;) {
    const { id, item } = segments[at++]!
    const { scope, prefix } = frames.at(-1)!
    const node = nodeIn(scope, id)
    if (node === undefined) return undefined
    if (at === segments.length) return { frames, node }
    const branch = hasBranches(node) ? segments[at++]!.id : undefined
    const inner = bodyAt(plan, node, branch)
    if (inner === undefined) return undefined
    if (at === segments.length) return { frames, node }
    const here = item === undefined ? prefix + id : `${prefix}${id}[${item}]`
    frames.push({
      scope: inner,
      prefix: branch === undefined ? `${here}/` : `${here}/${branch}/`,
      node,
      item: item === undefined ? undefined : itemOfName(item),
    })
  }
}
