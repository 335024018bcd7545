import type { Binding } from '../define/graph.ts'
import type { PlanNode, PlanScope, PlanWait } from './document.ts'

/** A scope inside a node. */
export interface Body {
  /** The branch that it is, which paths into it name: `gate/then/deploy`. */
  readonly name: string | undefined
  readonly scope: PlanScope
}

/** The scopes inside a node. What a recursion expands to is no part of it: see `Plan.pipelines`. */
export function bodiesOf(node: PlanNode): readonly Body[] {
  switch (node.type) {
    case 'map':
    case 'loop':
    case 'pipeline':
    case 'handler':
      return [{ name: undefined, scope: node.body }]
    case 'when':
    case 'choose':
      return branchNames(node).map((name) => ({ name, scope: branchOf(node, name)! }))
    default:
      return []
  }
}

/** A node one of whose bodies runs. */
export type PlanBranches = PlanNode & { readonly type: 'when' | 'choose' }

/** Tells whether one of several bodies of a node runs. */
export function hasBranches(node: PlanNode): node is PlanBranches {
  return node.type === 'when' || node.type === 'choose'
}

/** Tells whether the body of a node runs any number of times, so that paths into it tell which: `trials[3]/train`. */
export function repeats(node: PlanNode): node is PlanNode & { readonly type: 'map' | 'loop' } {
  return node.type === 'map' || node.type === 'loop'
}

/** Tells whether a node waits for time or for somebody. */
export function isWait(node: PlanNode): node is PlanWait {
  return node.type === 'sleep' || node.type === 'until' || node.type === 'signal' || node.type === 'approve'
}

/** Tells whether a node waits for nothing but time. */
export function isTimed(node: PlanNode): boolean {
  return node.type === 'sleep' || node.type === 'until'
}

/** Tells whether what is inside a node sees nothing of the scope around it but the node's inputs. */
export function isClosed(node: PlanNode): node is PlanNode & { readonly type: 'pipeline' | 'recurse' } {
  return node.type === 'pipeline' || node.type === 'recurse'
}

function branchNames(node: PlanBranches): readonly string[] {
  if (node.type === 'when') return node.else === undefined ? ['then'] : ['then', 'else']
  const names = Object.keys(node.branches)
  return node.otherwise === undefined ? names : [...names, 'otherwise']
}

/** The body of a branch; undefined where there is none of that name. */
export function branchOf(node: PlanBranches, name: string): PlanScope | undefined {
  if (node.type === 'when') return name === 'then' ? node.then : name === 'else' ? node.else : undefined
  if (Object.hasOwn(node.branches, name)) return node.branches[name]
  return name === 'otherwise' ? node.otherwise : undefined
}

/** What a node itself reads, as seen from its scope. */
export function* readsOf(node: PlanNode): Generator<Binding> {
  switch (node.type) {
    case 'step':
    case 'pipeline':
    case 'recurse':
      yield* Object.values(node.inputs)
      break
    case 'map':
      yield node.items
      break
    case 'when':
      yield node.condition
      break
    case 'choose':
      yield node.selector
      break
    case 'loop':
      yield* Object.values(node.state)
      break
    case 'sleep':
      yield node.for
      break
    case 'until':
      yield node.at
      break
    case 'approve':
      yield* Object.values(node.show)
      break
    case 'signal':
    case 'handler':
      break
  }
}
