import { PipewrightError } from '../internal/error.ts'
import { didYouMean, nearest } from '../internal/nearest.ts'
import { bodiesOf } from './bodies.ts'
import type { PlanNode, PlanScope, Plan } from './document.ts'
import { graphOfScope, type ScopeGraph } from './graph.ts'

/**
 * Which nodes of a plan: all conditions that are given must hold. Patterns may hold `*` (within a name) and `**` (over slashes).
 *
 * @example
 * ```ts
 * const select = { from: ['pick-best'] }
 * await pw.run(tumours, { csv: 'tumours.csv' }, { select }) // what comes before is taken from the cache
 * ```
 */
export interface Selection {
  /** These nodes and all that follows from them. */
  readonly from?: readonly string[]
  /** These nodes and all that they need. */
  readonly to?: readonly string[]
  /** These nodes alone. */
  readonly only?: readonly string[]
  /** Nodes with one of these tags (their own, or their step's). */
  readonly tags?: readonly string[]
}

/** A node with its path in the plan (`trials/train`: no item numbers). */
interface PlacedNode {
  readonly path: string
  readonly node: PlanNode
}

/** Every node of a plan with its path, containers before what they hold. */
export function* walkPlan(scope: PlanScope, prefix = ''): Generator<PlacedNode> {
  const open = [{ scope, prefix }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const inner: typeof open = []
    for (const node of next.scope.nodes) {
      const path = next.prefix + node.id
      yield { path, node }
      for (const { name, scope: body } of bodiesOf(node))
        inner.push({ scope: body, prefix: name === undefined ? `${path}/` : `${path}/${name}/` })
    }
    open.push(...inner.toReversed())
  }
}

const wildcards: Readonly<Record<string, string>> = { '*': '[^/]*', '**': '.*', '**/': '(?:.*/)?' }

/** Tells whether a pattern matches the path of a node. */
export function matcher(pattern: string): (path: string) => boolean {
  const source = pattern.replaceAll(/\*\*\/|\*\*|\*|[\\^$.|?+()[\]{}]/g, (special) =>
    special.startsWith('*') ? wildcards[special]! : `\\${special}`,
  )
  const expression = new RegExp(`^${source}$`)
  return (path) => expression.test(path)
}

/** The paths that match patterns, each at least one. Throws `SELECTION_EMPTY`. */
export function matching(plan: Plan, patterns: readonly string[], option: string): Set<string> {
  const paths = [...walkPlan(plan.scope)].map(({ path }) => path)
  const found = new Set<string>()
  for (const pattern of patterns) {
    const matches = matcher(pattern)
    const before = found.size
    for (const path of paths) if (matches(path)) found.add(path)
    if (found.size === before && !paths.some((path) => matches(path))) {
      const close = paths.find((path) => path.endsWith(`/${pattern}`)) ?? nearest(pattern, paths)
      throw new PipewrightError(
        'SELECTION_EMPTY',
        `${option}: no node of pipeline '${plan.pipeline}' matches '${pattern}'`,
        {
          fix: close === undefined ? `nodes: ${paths.slice(0, 20).join(', ')}` : `did you mean '${close}'?`,
          details: { pattern },
        },
      )
    }
  }
  return found
}

/** The nodes of the root scope that hold these paths. */
function roots(paths: Iterable<string>): Set<string> {
  return new Set([...paths].map((path) => path.split('/')[0]!))
}

/** The nodes that are reached from some nodes, these included. */
export function reach(graph: ScopeGraph, start: ReadonlySet<string>, direction: 'down' | 'up'): Set<string> {
  const reached = new Set(start)
  const open = [...start].map((id) => graph.numbers.get(id)!)
  const sources = direction === 'up' ? sourcesOf(graph) : undefined
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    const next =
      sources === undefined
        ? graph.targets.subarray(graph.offsets[number], graph.offsets[number + 1])
        : sources[number]!
    for (const other of next) {
      const { id } = graph.nodes[other]!
      if (reached.has(id)) continue
      reached.add(id)
      open.push(other)
    }
  }
  return reached
}

function sourcesOf(graph: ScopeGraph): number[][] {
  const sources: number[][] = graph.nodes.map(() => [])
  for (let source = 0; source < graph.nodes.length; source++) {
    for (let e = graph.offsets[source]!; e < graph.offsets[source + 1]!; e++)
      sources[graph.targets[e]!]!.push(source)
  }
  return sources
}

/**
 * The root nodes of a plan that a selection names, in the order of the plan. A node inside a container selects
 * the container. A pattern that matches nothing, or a selection that leaves nothing, is `SELECTION_EMPTY`.
 *
 * @example
 * ```ts
 * const nodes = select(plan(tumours, { csv: 'tumours.csv' }), { from: ['trials'] }) // ['trials', 'pick-best', 'release']
 * ```
 */
export function select(plan: Plan, selection: Selection): readonly string[] {
  const graph = graphOfScope(plan.scope)
  let chosen = new Set(plan.scope.nodes.map(({ id }) => id))
  const keep = (wanted: ReadonlySet<string>): void => {
    chosen = new Set([...chosen].filter((id) => wanted.has(id)))
  }
  if (selection.from !== undefined) keep(reach(graph, roots(matching(plan, selection.from, 'from')), 'down'))
  if (selection.to !== undefined) keep(reach(graph, roots(matching(plan, selection.to, 'to')), 'up'))
  if (selection.only !== undefined) keep(roots(matching(plan, selection.only, 'only')))
  if (selection.tags !== undefined) {
    const found = new Map<string, string[]>()
    for (const { node, path } of walkPlan(plan.scope)) {
      const own = node.type === 'step' ? (plan.steps[node.step]?.tags ?? []) : []
      for (const tag of [...(node.tags ?? []), ...own]) found.set(tag, [...(found.get(tag) ?? []), path])
    }
    for (const tag of selection.tags) {
      if (found.has(tag)) continue
      throw new PipewrightError(
        'SELECTION_EMPTY',
        `tags: no node of pipeline '${plan.pipeline}' has the tag '${tag}'`,
        { fix: didYouMean(tag, [...found.keys()]), details: { tag } },
      )
    }
    keep(roots(selection.tags.flatMap((tag) => found.get(tag)!)))
  }
  if (chosen.size === 0) {
    throw new PipewrightError(
      'SELECTION_EMPTY',
      `the selection leaves no node of pipeline '${plan.pipeline}'`,
      {
        fix: 'conditions are combined with and: loosen one of them',
        details: { selection },
      },
    )
  }
  return plan.scope.nodes.map(({ id }) => id).filter((id) => chosen.has(id))
}
