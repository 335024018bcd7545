import type { Plan, PlanScope } from '../plan/document.ts'
import { graphOfScope, sortScope, type ScopeGraph } from '../plan/graph.ts'
import { bodiesOf } from '../plan/bodies.ts'
import { innerPrefix } from './plan-index.ts'
import type { PageGraphNode } from './page-data.ts'

/** A node with its place; places from the top left corner, in pixels. */
export type LaidOutNode = Omit<PageGraphNode, 'states' | 'critical'>

interface LaidOutEdge {
  readonly from: string
  readonly to: string
  readonly points: readonly (readonly [number, number])[]
}

/** A graph with places. */
export interface Layout {
  readonly width: number
  readonly height: number
  readonly nodes: readonly LaidOutNode[]
  readonly edges: readonly LaidOutEdge[]
}

const box = { width: 172, height: 46 }
/** Inside of what contains others: its label above, space around. */
const [head, pad] = [34, 16]
const [gapX, gapY] = [28, 36]
/** The layout of larger scopes would take seconds: they are put into plain rows. */
const mostDrawn = 300

interface Box {
  readonly width: number
  readonly height: number
}

interface Placed {
  readonly width: number
  readonly height: number
  /** The top left corner of each node. */
  readonly corners: readonly (readonly [number, number])[]
  /** By number of the source and the target. */
  readonly edges: readonly {
    readonly source: number
    readonly target: number
    readonly points: readonly (readonly [number, number])[]
  }[]
}

function edgesOf({ nodes, offsets, targets }: ScopeGraph): { source: number; target: number }[] {
  return nodes.flatMap((_, source) =>
    Array.from(targets.subarray(offsets[source], offsets[source + 1]), (target) => ({ source, target })),
  )
}

async function drawn(boxes: readonly Box[], graph: ScopeGraph): Promise<Placed> {
  const [{ layout }, { Graph }] = await Promise.all([import('@dagrejs/dagre'), import('@dagrejs/graphlib')])
  const dagre = new Graph<object, Box & { x?: number; y?: number }, { points?: { x: number; y: number }[] }>()
  dagre.setGraph({ rankdir: 'TB', nodesep: gapX, ranksep: gapY, edgesep: 14 })
  dagre.setDefaultEdgeLabel(() => ({}))
  for (const [number, size] of boxes.entries()) dagre.setNode(String(number), { ...size })
  const edges = edgesOf(graph)
  for (const { source, target } of edges) dagre.setEdge(String(source), String(target), {})
  layout(dagre as unknown as Parameters<typeof layout>[0])
  const { width = 0, height = 0 } = dagre.graph() as { width?: number; height?: number }
  return {
    width,
    height,
    corners: boxes.map((size, number) => {
      const { x = 0, y = 0 } = dagre.node(String(number)) ?? {}
      return [x - size.width / 2, y - size.height / 2]
    }),
    edges: edges.map(({ source, target }) => ({
      source,
      target,
      points: (dagre.edge(String(source), String(target))?.points ?? []).map(({ x, y }) => [x, y] as const),
    })),
  }
}

/** Rows by the longest way from a source, broken where they get too long. */
function inRows(boxes: readonly Box[], graph: ScopeGraph, scope: PlanScope): Placed {
  const rank = new Int32Array(boxes.length)
  const edges = edgesOf(graph)
  for (const number of sortScope(scope)) {
    for (let e = graph.offsets[number]!; e < graph.offsets[number + 1]!; e++) {
      const target = graph.targets[e]!
      rank[target] = Math.max(rank[target]!, rank[number]! + 1)
    }
  }
  const longest = Math.max(2_400, Math.sqrt(boxes.length) * (box.width + gapX))
  const order = Array.from(boxes.keys()).toSorted((a, b) => rank[a]! - rank[b]! || a - b)
  const corners: [number, number][] = []
  let [x, y, tallest, width, at] = [0, 0, 0, 0, 0]
  for (const number of order) {
    const size = boxes[number]!
    if (x > 0 && (rank[number] !== at || x + size.width > longest)) {
      y += tallest + (rank[number] === at ? gapY / 2 : gapY)
      x = 0
      tallest = 0
    }
    at = rank[number]!
    corners[number] = [x, y]
    x += size.width + gapX
    width = Math.max(width, x - gapX)
    tallest = Math.max(tallest, size.height)
  }
  const middle = (number: number): number => corners[number]![0] + boxes[number]!.width / 2
  return {
    width,
    height: y + tallest,
    corners,
    edges: edges.map(({ source, target }) => ({
      source,
      target,
      points: [
        [middle(source), corners[source]![1] + boxes[source]!.height],
        [middle(target), corners[target]![1]],
      ],
    })),
  }
}

function shifted(
  { nodes, edges }: Pick<Layout, 'nodes' | 'edges'>,
  dx: number,
  dy: number,
): Pick<Layout, 'nodes' | 'edges'> {
  return {
    nodes: nodes.map((node) => ({ ...node, x: node.x + dx, y: node.y + dy })),
    edges: edges.map((edge) => ({ ...edge, points: edge.points.map(([x, y]) => [x + dx, y + dy]) })),
  }
}

/** The inner scopes of a node, side by side; undefined for a step. */
async function inside(
  plan: Pick<Plan, 'steps'>,
  node: PlanScope['nodes'][number],
  pattern: string,
): Promise<Layout | undefined> {
  const scopes = bodiesOf(node)
  if (scopes.length === 0) return undefined
  const nodes: LaidOutNode[] = []
  const edges: LaidOutEdge[] = []
  let [x, height] = [pad, 0]
  for (const { name, scope } of scopes) {
    const inner = await layoutScope(plan, scope, innerPrefix(pattern, node, name))
    const isBranch = name !== undefined
    const [left, top] = isBranch ? [x + pad, head + head] : [x, head]
    const size = isBranch
      ? { width: Math.max(inner.width, 90) + 2 * pad, height: inner.height + head + pad }
      : { width: inner.width, height: inner.height }
    if (isBranch)
      nodes.push({
        pattern: `${pattern}/${name}`,
        label: name,
        note: '',
        type: 'branch',
        x,
        y: head,
        ...size,
      })
    const moved = shifted(inner, left, top)
    nodes.push(...moved.nodes)
    edges.push(...moved.edges)
    x += size.width + pad
    height = Math.max(height, size.height)
  }
  return { width: Math.max(x, 130), height: head + height + pad, nodes, edges }
}

async function layoutScope(plan: Pick<Plan, 'steps'>, scope: PlanScope, prefix: string): Promise<Layout> {
  const graph = graphOfScope(scope)
  const inner = await Promise.all(graph.nodes.map((node) => inside(plan, node, prefix + node.id)))
  const boxes = inner.map((layout) =>
    layout === undefined ? box : { width: layout.width, height: layout.height },
  )
  const placed =
    boxes.length <= mostDrawn && graph.targets.length <= 3 * mostDrawn
      ? await drawn(boxes, graph)
      : inRows(boxes, graph, scope)
  const nodes: LaidOutNode[] = []
  const edges: LaidOutEdge[] = []
  for (const [number, node] of graph.nodes.entries()) {
    const [x, y] = placed.corners[number]!
    const pattern = prefix + node.id
    const name =
      node.type === 'step'
        ? plan.steps[node.step]!.name
        : node.type === 'pipeline'
          ? node.pipeline
          : node.type
    nodes.push({
      pattern,
      label: node.id,
      note: name === node.id ? '' : name,
      type: node.type,
      x,
      y,
      ...boxes[number]!,
    })
    const contained = inner[number]
    if (contained === undefined) continue
    const moved = shifted(contained, x, y)
    nodes.push(...moved.nodes)
    edges.push(...moved.edges)
  }
  for (const { source, target, points } of placed.edges)
    edges.push({
      from: prefix + graph.nodes[source]!.id,
      to: prefix + graph.nodes[target]!.id,
      points: points.map(([x, y]) => [Math.round(x * 10) / 10, Math.round(y * 10) / 10]),
    })
  return { width: placed.width, height: placed.height, nodes, edges }
}

/** Lays a plan out, from top to bottom; what is inside of maps, branches and sub-pipelines is drawn in their boxes. */
export function layoutPlan(plan: Pick<Plan, 'scope' | 'steps'>): Promise<Layout> {
  return layoutScope(plan, plan.scope, '')
}
