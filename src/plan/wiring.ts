import type { Binding } from '../define/graph.ts'
import { bodiesOf } from './bodies.ts'
import type { PlanNode, PlanScope } from './document.ts'
import { locate, nodeIn, type Frame, type PlanGraph } from './locate.ts'

/** The output of a step, or a list that a map gathers. */
export interface Origin {
  /** The path of the node, items by number: `trials[3]/train`. */
  readonly node: string
  readonly output: string
  /** Some node inside of it has made it: which round or which item, the plan does not tell. */
  readonly inside?: true
}

/** Where a binding may come from, seen from the innermost of some scopes; `item` is the wanted item of a list. */
function trace(
  plan: PlanGraph,
  binding: Binding,
  from: readonly Frame[],
  item: number | undefined,
): Origin[] {
  if ('value' in binding || 'index' in binding) return []
  if ('list' in binding) {
    const elements = item === undefined ? binding.list : binding.list.slice(item, item + 1)
    return elements.flatMap((element) => trace(plan, element, from, undefined))
  }
  const frames = from.slice(0, from.length - (binding.up ?? 0))
  const [key] = binding.pick ?? []
  const wanted = typeof key === 'number' ? key : binding.pick === undefined ? item : undefined
  const frame = frames.at(-1)
  if (frame === undefined) return []
  const outside = frames.slice(0, -1)
  if ('node' in binding) {
    const node = nodeIn(frame.scope, binding.node)
    if (node === undefined) return []
    return outputOf(plan, node, frame.prefix + node.id, binding.output, frames, wanted)
  }
  const { node } = frame
  if ('item' in binding) {
    // Which item a key names, the plan does not tell.
    const index = typeof frame.item === 'number' ? frame.item : undefined
    return node?.type === 'map' ? trace(plan, node.items, outside, index) : []
  }
  if (node === undefined) return [{ node: '', output: binding.input }]
  if (node.type === 'loop') return stateOf(plan, node, binding.input, frames, wanted)
  const given = node.type === 'pipeline' || node.type === 'recurse' ? node.inputs[binding.input] : undefined
  return given === undefined ? [] : trace(plan, given, outside, wanted)
}

/** Where a loop has a part of its state from: the first round from outside, the others from the round before. */
function stateOf(
  plan: PlanGraph,
  loop: PlanNode & { readonly type: 'loop' },
  name: string,
  frames: readonly Frame[],
  wanted: number | undefined,
): Origin[] {
  const outside = frames.slice(0, -1)
  const { item } = frames.at(-1)!
  const binding = item === 0 ? loop.state[name] : loop.body.outputs[name]
  if (binding === undefined || typeof item !== 'number') return []
  if (item === 0) return trace(plan, binding, outside, wanted)
  const prefix = `${outside.at(-1)!.prefix}${loop.id}[${item - 1}]/`
  return trace(plan, binding, [...outside, { scope: loop.body, prefix, node: loop, item: item - 1 }], wanted)
}

function outputOf(
  plan: PlanGraph,
  node: PlanNode,
  path: string,
  output: string,
  frames: readonly Frame[],
  item: number | undefined,
): Origin[] {
  const inner = (scope: PlanScope, prefix: string, at: number | undefined, wanted?: number): Origin[] => {
    const binding = scope.outputs[output]
    return binding === undefined
      ? []
      : trace(plan, binding, [...frames, { scope, prefix, node, item: at }], wanted)
  }
  switch (node.type) {
    case 'map': {
      const list = { node: path, output }
      if (item === undefined) return [list]
      // Which item a key names, and which ones have failed, the plan does not tell.
      return node.key !== undefined || node.maxFailed !== undefined
        ? [list, { ...list, inside: true }]
        : [list, ...inner(node.body, `${path}[${item}]/`, item)]
    }
    case 'pipeline':
      return inner(node.body, `${path}/`, undefined, item)
    case 'recurse': {
      const body = plan.pipelines?.[node.pipeline]
      return body === undefined ? [] : inner(body.scope, `${path}/`, undefined, item)
    }
    case 'when':
    case 'choose':
      return bodiesOf(node).flatMap(({ name, scope }) => inner(scope, `${path}/${name}/`, undefined, item))
    case 'loop':
      return [
        { node: path, output },
        { node: path, output, inside: true },
      ]
    default:
      return [{ node: path, output }]
  }
}

/**
 * The outputs from which an input of a step, or the `items` of a map, may come, as a plan is wired: several where a branch, a list or an
 * item of a list stands between them; none for what is a literal or was given to the run.
 */
export function originsOf(plan: PlanGraph, path: string, input: string): readonly Origin[] {
  return sourcesOf(plan, path, input).filter(({ node }) => node !== '')
}

/** The same with the inputs of the pipeline, whose node is empty. */
export function sourcesOf(plan: PlanGraph, path: string, input: string): readonly Origin[] {
  const found = locate(plan, path)
  if (found === undefined) return []
  const { node } = found
  const binding =
    node.type === 'step'
      ? node.inputs[input]
      : node.type === 'map' && input === 'items'
        ? node.items
        : undefined
  return binding === undefined ? [] : trace(plan, binding, found.frames, undefined)
}

/** Where an output of the pipeline may come from. */
export function outputSources(plan: PlanGraph, output: string): readonly Origin[] {
  const binding = plan.scope.outputs[output]
  const root = { scope: plan.scope, prefix: '', node: undefined, item: undefined }
  return binding === undefined ? [] : trace(plan, binding, [root], undefined)
}

/** Where an item of a list that a map gathers may come from. */
export function itemSources(plan: PlanGraph, map: string, output: string, item: number): readonly Origin[] {
  const found = locate(plan, map)
  if (found?.node.type !== 'map') return []
  const { frames, node } = found
  return outputOf(plan, node, map, output, frames, item).filter((origin) => origin.node !== map)
}
