import type { Binding } from '../define/graph.ts'
import type { PlanNode, PlanScope } from './document.ts'
import { graphOfScope } from './graph.ts'

/** The output of a step, or a list that a map gathers. */
export interface Origin {
  /** The path of the node, items by number: `trials[3]/train`. */
  readonly node: string
  readonly output: string
}

/** A scope on the way to a node; `node` is what it is the inside of. */
interface Frame {
  readonly scope: PlanScope
  readonly prefix: string
  readonly node: PlanNode | undefined
  readonly index: number
}

function nodeIn(scope: PlanScope, id: string): PlanNode | undefined {
  const { nodes, numbers } = graphOfScope(scope)
  return nodes[numbers.get(id) ?? -1]
}

/** The scopes around a node, outermost first, and the node; undefined where the plan has no such path. */
function locate(
  plan: PlanScope,
  path: string,
): { readonly frames: Frame[]; readonly node: PlanNode } | undefined {
  const frames: Frame[] = [{ scope: plan, prefix: '', node: undefined, index: -1 }]
  const segments = path.split('/')
  for (let at = 0; ;) {
    const segment = segments[at++]!
    const { scope, prefix } = frames.at(-1)!
    const [, id, index] = /^([^[]*)(?:\[(\d+)\])?$/.exec(segment) ?? []
    const node = id === undefined ? undefined : nodeIn(scope, id)
    if (node === undefined) return undefined
    if (at === segments.length) return { frames, node }
    if (node.type === 'map' && index !== undefined)
      frames.push({ scope: node.body, prefix: `${prefix}${segment}/`, node, index: Number(index) })
    else if (node.type === 'pipeline')
      frames.push({ scope: node.body, prefix: `${prefix}${segment}/`, node, index: -1 })
    else if (node.type === 'when') {
      const side = segments[at++]
      const inner = side === 'else' ? node.else : node.then
      if (inner === undefined || at > segments.length) return undefined
      frames.push({ scope: inner, prefix: `${prefix}${segment}/${side}/`, node, index: -1 })
    } else return undefined
  }
}

/** Where a binding may come from, seen from the innermost of some scopes; `item` is the wanted item of a list. */
function trace(binding: Binding, from: readonly Frame[], item: number | undefined): Origin[] {
  if ('value' in binding || 'index' in binding) return []
  if ('list' in binding) {
    const elements = item === undefined ? binding.list : binding.list.slice(item, item + 1)
    return elements.flatMap((element) => trace(element, from, undefined))
  }
  const frames = from.slice(0, from.length - (binding.up ?? 0))
  const [key] = binding.pick ?? []
  const wanted = typeof key === 'number' ? key : binding.pick === undefined ? item : undefined
  const frame = frames.at(-1)
  if (frame === undefined) return []
  const outside = frames.slice(0, -1)
  if ('node' in binding) {
    const node = nodeIn(frame.scope, binding.node)
    return node === undefined ? [] : outputOf(node, frame.prefix + node.id, binding.output, frames, wanted)
  }
  if ('item' in binding)
    return frame.node?.type === 'map' ? trace(frame.node.items, outside, frame.index) : []
  if (frame.node === undefined) return [{ node: '', output: binding.input }]
  const given = frame.node.type === 'pipeline' ? frame.node.inputs[binding.input] : undefined
  return given === undefined ? [] : trace(given, outside, wanted)
}

function outputOf(
  node: PlanNode,
  path: string,
  output: string,
  frames: readonly Frame[],
  item: number | undefined,
): Origin[] {
  const inner = (scope: PlanScope | undefined, prefix: string, index: number, wanted?: number): Origin[] => {
    const binding = scope?.outputs[output]
    return scope === undefined || binding === undefined
      ? []
      : trace(binding, [...frames, { scope, prefix, node, index }], wanted)
  }
  switch (node.type) {
    case 'step':
      return [{ node: path, output }]
    case 'map': {
      const list = { node: path, output }
      return item === undefined ? [list] : [list, ...inner(node.body, `${path}[${item}]/`, item)]
    }
    case 'pipeline':
      return inner(node.body, `${path}/`, -1, item)
    case 'when':
      return [...inner(node.then, `${path}/then/`, -1, item), ...inner(node.else, `${path}/else/`, -1, item)]
  }
}

/**
 * The outputs from which an input of a step, or the `items` of a map, may come, as a plan is wired: several where a branch, a list or an
 * item of a list stands between them; none for what is a literal or was given to the run.
 */
export function originsOf(plan: PlanScope, path: string, input: string): readonly Origin[] {
  return sourcesOf(plan, path, input).filter(({ node }) => node !== '')
}

/** The same with the inputs of the pipeline, whose node is empty. */
export function sourcesOf(plan: PlanScope, path: string, input: string): readonly Origin[] {
  const found = locate(plan, path)
  if (found === undefined) return []
  const { node } = found
  const binding =
    node.type === 'step'
      ? node.inputs[input]
      : node.type === 'map' && input === 'items'
        ? node.items
        : undefined
  return binding === undefined ? [] : trace(binding, found.frames, undefined)
}

/** Where an output of the pipeline may come from. */
export function outputSources(plan: PlanScope, output: string): readonly Origin[] {
  const binding = plan.outputs[output]
  const root = { scope: plan, prefix: '', node: undefined, index: -1 }
  return binding === undefined ? [] : trace(binding, [root], undefined)
}

/** Where an item of a list that a map gathers may come from. */
export function itemSources(plan: PlanScope, map: string, output: string, item: number): readonly Origin[] {
  const found = locate(plan, map)
  if (found?.node.type !== 'map') return []
  const { frames, node } = found
  return outputOf(node, map, output, frames, item).filter((origin) => origin.node !== map)
}
