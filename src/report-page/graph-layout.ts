import type { Plan, PlanHandler, PlanNode, PlanScope } from '../plan/document.ts'
import { graphOfScope, sortScope, type ScopeGraph } from '../plan/graph.ts'
import { bodiesOf } from '../plan/bodies.ts'
import { limits } from './budget.ts'
import { groupsOf } from './graph-groups.ts'
import { indexPlan, innerPrefix } from './plan-index.ts'
import type { PageGraph, PageGraphNode } from './page-data.ts'

/** A node with its place; places from the top left corner, in pixels. */
export type LaidOutNode = Omit<PageGraphNode, 'states' | 'critical'> & {
  /** The patterns of the nodes that it stands for, where these are several. */
  readonly members?: readonly string[]
}

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
  readonly simplified?: PageGraph['simplified']
}

const box = { width: 172, height: 46 }
/** Long names get wider boxes, up to a limit: then the page cuts them. So wide is a letter, and what is beside them. */
const [widest, letter, beside] = [264, 7.6, 48]
/** The kind of what contains others stands beside its name. */
const kindWidth = 58
const countsWidth = 204
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

interface Link {
  readonly source: number
  readonly target: number
}

function linksOf({ nodes, offsets, targets }: ScopeGraph): Link[] {
  return nodes.flatMap((_, source) =>
    Array.from(targets.subarray(offsets[source], offsets[source + 1]), (target) => ({ source, target })),
  )
}

/** What is not drawn, but puts handlers below all that runs before them. */
function linksToHandlers({ nodes, offsets, handlers }: ScopeGraph): Link[] {
  const isAtEnd = (number: number): boolean => (nodes[number] as PlanHandler).on === 'end'
  const ends = nodes.flatMap(({ type }, number) =>
    type !== 'handler' && offsets[number] === offsets[number + 1] ? [number] : [],
  )
  return handlers.flatMap((target) => {
    const onFailure = isAtEnd(target) ? handlers.filter((number) => !isAtEnd(number)) : []
    return [...ends, ...onFailure].map((source) => ({ source, target }))
  })
}

async function drawn(boxes: readonly Box[], edges: readonly Link[]): Promise<Placed> {
  const [{ layout }, { Graph }] = await Promise.all([import('@dagrejs/dagre'), import('@dagrejs/graphlib')])
  const dagre = new Graph<object, Box & { x?: number; y?: number }, { points?: { x: number; y: number }[] }>()
  dagre.setGraph({ rankdir: 'TB', nodesep: gapX, ranksep: gapY, edgesep: 14 })
  dagre.setDefaultEdgeLabel(() => ({}))
  for (const [number, size] of boxes.entries()) dagre.setNode(String(number), { ...size })
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
function inRows(boxes: readonly Box[], edges: readonly Link[], sorted: Iterable<number>): Placed {
  const rank = new Int32Array(boxes.length)
  const targets = boxes.map((): number[] => [])
  for (const { source, target } of edges) targets[source]!.push(target)
  for (const number of sorted) {
    for (const target of targets[number]!) rank[target] = Math.max(rank[target]!, rank[number]! + 1)
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

async function placed(
  boxes: readonly Box[],
  edges: readonly Link[],
  sorted: () => Iterable<number>,
): Promise<Placed> {
  return boxes.length <= mostDrawn && edges.length <= 3 * mostDrawn
    ? drawn(boxes, edges)
    : inRows(boxes, edges, sorted())
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

function widthOf(label: string, least: number, more = 0): number {
  return Math.round(Math.max(least, Math.min(widest, label.length * letter + beside + more)))
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
  return { width: Math.max(x, widthOf(node.id, 130, kindWidth)), height: head + height + pad, nodes, edges }
}

/** What a node is, beside its id. */
function noteOf({ steps }: Pick<Plan, 'steps'>, node: PlanNode): string {
  switch (node.type) {
    case 'step':
      return steps[node.step]!.name
    case 'pipeline':
      return node.pipeline
    case 'handler':
      return node.on === 'failure' ? 'on failure' : 'always'
    default:
      return node.type
  }
}

async function layoutScope(
  plan: Pick<Plan, 'steps'>,
  scope: PlanScope,
  prefix: string,
  isClosed = false,
): Promise<Layout> {
  const graph = graphOfScope(scope)
  const inner = isClosed
    ? graph.nodes.map(() => undefined)
    : await Promise.all(graph.nodes.map((node) => inside(plan, node, prefix + node.id)))
  // In a map the second line counts items by their states.
  const least = prefix.includes('[]') ? countsWidth : box.width
  const boxes = inner.map((layout, number) =>
    layout === undefined
      ? { width: widthOf(graph.nodes[number]!.id, least), height: box.height }
      : { width: layout.width, height: layout.height },
  )
  const links = [...linksOf(graph), ...linksToHandlers(graph)]
  const { corners, edges: lines, width, height } = await placed(boxes, links, () => sortScope(scope))
  const nodes: LaidOutNode[] = []
  const edges: LaidOutEdge[] = []
  for (const [number, node] of graph.nodes.entries()) {
    const [x, y] = corners[number]!
    const pattern = prefix + node.id
    const name = noteOf(plan, node)
    nodes.push({
      pattern,
      label: node.id,
      note: name === node.id ? '' : name,
      type: node.type,
      x,
      y,
      ...boxes[number]!,
      ...(inner[number] === undefined && node.type !== 'step' ? { closed: true } : {}),
    })
    const contained = inner[number]
    if (contained === undefined) continue
    const moved = shifted(contained, x, y)
    nodes.push(...moved.nodes)
    edges.push(...moved.edges)
  }
  for (const { source, target, points } of lines) {
    if (graph.nodes[target]!.type === 'handler') continue
    edges.push({
      from: prefix + graph.nodes[source]!.id,
      to: prefix + graph.nodes[target]!.id,
      points: points.map(([x, y]) => [Math.round(x * 10) / 10, Math.round(y * 10) / 10]),
    })
  }
  return { width, height, nodes, edges }
}

/** The nodes of a scope by their steps, a box for all nodes of one. */
async function layoutGroups(plan: Pick<Plan, 'steps'>, scope: PlanScope): Promise<Layout> {
  const { groups, edges } = groupsOf(plan, scope)
  const boxes = groups.map(({ name }) => ({ width: widthOf(name, box.width), height: box.height }))
  const { corners, edges: lines, width, height } = await placed(boxes, edges, () => groups.keys())
  const patternOf = (number: number): string => `${groups[number]!.name}*`
  return {
    width,
    height,
    nodes: groups.map(({ name, type, members }, number) => ({
      pattern: patternOf(number),
      label: name,
      note: '',
      type,
      x: corners[number]![0],
      y: corners[number]![1],
      ...boxes[number]!,
      closed: true,
      members,
      ...(type === 'step' ? { step: name } : {}),
    })),
    edges: lines.map(({ source, target, points }) => ({
      from: patternOf(source),
      to: patternOf(target),
      points: points.map(([x, y]) => [Math.round(x * 10) / 10, Math.round(y * 10) / 10]),
    })),
  }
}

/**
 * Lays a plan out, from top to bottom; what is inside of maps, branches and sub-pipelines is drawn in their boxes. In a
 * plan of more nodes than `most` these boxes are closed, and where its outermost scope alone has more, all nodes of a
 * step are one box: nobody reads ten thousand boxes.
 */
export async function layoutPlan(
  plan: Pick<Plan, 'scope' | 'steps'>,
  most: number = limits.graphNodes,
): Promise<Layout> {
  if (indexPlan(plan).size <= most) return layoutScope(plan, plan.scope, '')
  return plan.scope.nodes.length <= most
    ? { ...(await layoutScope(plan, plan.scope, '', true)), simplified: 'outermost' }
    : { ...(await layoutGroups(plan, plan.scope)), simplified: 'by step' }
}
