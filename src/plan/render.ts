import type { Binding } from '../define/graph.ts'
import { bodiesOf, hasBranches } from './bodies.ts'
import type { Plan, PlanNode, PlanScope } from './document.ts'
import { graphOfScope } from './graph.ts'

/** The forms in which a plan can be drawn. */
export type RenderFormat = 'tree' | 'mermaid' | 'dot'

function label(node: PlanNode, plan: Plan): string {
  switch (node.type) {
    case 'step': {
      const { name, effect } = plan.steps[node.step]!
      return `${node.id}${name === node.id ? '' : ` (${name})`}${effect === undefined ? '' : ' [effect]'}`
    }
    case 'map':
      return `${node.id} [map${node.key === undefined ? '' : ` by ${node.key}`}${node.concurrency === undefined ? '' : `, ${node.concurrency} at once`}]`
    case 'when':
      return `${node.id} [when]`
    case 'choose':
      return `${node.id} [choose]`
    case 'loop':
      return `${node.id} [loop, at most ${node.maxRounds} rounds]`
    case 'pipeline':
      return `${node.id} [pipeline ${node.pipeline}]`
    case 'recurse':
      return `${node.id} [pipeline ${node.pipeline} again, at most ${node.maxDepth} deep]`
    case 'sleep':
      return `${node.id} [sleep${knownText(node.for, (ms) => ` ${Number(ms) / 1_000} s`)}]`
    case 'until':
      return `${node.id} [until${knownText(node.at, (at) => ` ${String(at)}`)}]`
    case 'signal':
      return `${node.id} [signal${node.signal === node.id ? '' : ` ${node.signal}`}]`
    case 'approve':
      return `${node.id} [approval${node.by === undefined ? '' : ` by ${node.by.join(', ')}`}]`
    case 'handler':
      return `${node.id} [${node.on === 'failure' ? 'on failure' : 'always'}]`
  }
}

function knownText(binding: Binding, text: (value: unknown) => string): string {
  return 'value' in binding ? text(binding.value) : ''
}

interface Line {
  readonly text: string
  readonly children: () => readonly Line[]
}

/** Draws lines as an ASCII tree. */
function drawTree(lines: readonly Line[], indent: string, out: string[]): void {
  for (const [index, line] of lines.entries()) {
    const last = index === lines.length - 1
    out.push(`${indent}${last ? '└─ ' : '├─ '}${line.text}`)
    drawTree(line.children(), `${indent}${last ? '   ' : '│  '}`, out)
  }
}

function sources(scope: PlanScope): (id: string) => string[] {
  const graph = graphOfScope(scope)
  const names = new Map<string, string[]>()
  for (const [source, node] of graph.nodes.entries()) {
    for (let e = graph.offsets[source]!; e < graph.offsets[source + 1]!; e++) {
      const target = graph.nodes[graph.targets[e]!]!.id
      const known = names.get(target)
      if (known === undefined) names.set(target, [node.id])
      else known.push(node.id)
    }
  }
  return (id) => names.get(id) ?? []
}

function treeLines(scope: PlanScope, plan: Plan): Line[] {
  const sourcesOf = sources(scope)
  return scope.nodes.map((node) => {
    const from = sourcesOf(node.id)
    return {
      text: `${label(node, plan)}${from.length === 0 ? '' : `  <- ${from.join(', ')}`}`,
      children: () =>
        bodiesOf(node).flatMap(({ name, scope: inner }) =>
          name === undefined
            ? treeLines(inner, plan)
            : [{ text: name, children: () => treeLines(inner, plan) }],
        ),
    }
  })
}

function tree(plan: Plan): string {
  const out = [plan.pipeline]
  drawTree(treeLines(plan.scope, plan), '', out)
  return out.join('\n')
}

/** Calls back for every scope as a cluster, and every node and edge in it. */
function visit(
  scope: PlanScope,
  prefix: string,
  draw: {
    node: (id: string, node: PlanNode) => void
    edge: (from: string, to: string) => void
    cluster: (id: string, title: string, inside: () => void) => void
  },
): void {
  const sourcesOf = sources(scope)
  for (const node of scope.nodes) {
    const id = prefix + node.id
    const inner = bodiesOf(node)
    if (inner.length === 0) draw.node(id, node)
    else {
      draw.cluster(id, node.id, () => {
        draw.node(id, node)
        for (const { name, scope: body } of inner) {
          const inside = `${id}/${name === undefined ? '' : `${name}/`}`
          if (name === undefined) visit(body, inside, draw)
          else draw.cluster(`${id}/${name}`, name, () => visit(body, inside, draw))
          for (const child of body.nodes)
            if (graphOfScope(body).indegree[graphOfScope(body).numbers.get(child.id)!] === 0)
              draw.edge(id, inside + child.id)
        }
      })
    }
  }
  for (const node of scope.nodes)
    for (const source of sourcesOf(node.id)) draw.edge(prefix + source, prefix + node.id)
}

function mermaid(plan: Plan): string {
  const out = ['flowchart TD']
  const numbers = new Map<string, string>()
  const key = (id: string): string =>
    numbers.get(id) ?? (numbers.set(id, `n${numbers.size}`), numbers.get(id)!)
  const text = (value: string): string =>
    value.replaceAll(/[#"<>&]/g, (character) => `#${character.charCodeAt(0)};`)
  let depth = 1
  const push = (line: string): void => void out.push('  '.repeat(depth) + line)
  visit(plan.scope, '', {
    node: (id, node) =>
      push(
        hasBranches(node)
          ? `${key(id)}{"${text(label(node, plan))}"}`
          : `${key(id)}["${text(label(node, plan))}"]`,
      ),
    edge: (from, to) => push(`${key(from)} --> ${key(to)}`),
    cluster: (id, title, inside) => {
      // No name holds a line break: no node has the id of a cluster.
      push(`subgraph ${key(`\n${id}`)} ["${text(title)}"]`)
      depth++
      inside()
      depth--
      push('end')
    },
  })
  return out.join('\n')
}

function dot(plan: Plan): string {
  const out = [
    `digraph ${JSON.stringify(plan.pipeline)} {`,
    '  rankdir=TB; node [shape=box, fontname="sans-serif"];',
  ]
  let depth = 1
  const push = (line: string): void => void out.push('  '.repeat(depth) + line)
  visit(plan.scope, '', {
    node: (id, node) =>
      push(
        `${JSON.stringify(id)} [label=${JSON.stringify(label(node, plan))}${hasBranches(node) ? ', shape=diamond' : ''}];`,
      ),
    edge: (from, to) => push(`${JSON.stringify(from)} -> ${JSON.stringify(to)};`),
    cluster: (id, title, inside) => {
      push(`subgraph ${JSON.stringify(`cluster_${id}`)} { label=${JSON.stringify(title)};`)
      depth++
      inside()
      depth--
      push('}')
    },
  })
  return [...out, '}'].join('\n')
}

/**
 * Draws a plan as text: an ASCII tree (default), a Mermaid flow chart or a DOT graph.
 *
 * @example
 * ```ts
 * console.log(render(plan(tumours, { csv: 'tumours.csv' }))) // or 'mermaid', 'dot'
 * ```
 */
export function render(plan: Plan, format: RenderFormat = 'tree'): string {
  if (format === 'mermaid') return mermaid(plan)
  return format === 'dot' ? dot(plan) : tree(plan)
}
