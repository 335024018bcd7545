import type { Binding } from '../define/graph.ts'
import type { Json } from '../internal/json.ts'
import { own } from '../internal/own.ts'
import { patternOf } from '../plan/node-path.ts'
import type { Value, Values } from '../record/event.ts'
import type { RunDetail } from '../record/records.ts'
import { parentPath, type PlacedNode, type PlanIndex } from './plan-index.ts'

type Pick = readonly (string | number)[]

/** What one scope of a run gives to the nodes in it. */
interface RunScope {
  /** What stands before the ids of its nodes: `trials[3]/`. */
  readonly prefix: string
  /** The node that it is inside of; undefined for that of the run. */
  readonly owner: { readonly path: string; readonly place: PlacedNode } | undefined
}

function memberOf(value: Json | undefined, key: string | number): Json | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Readonly<Record<string | number, Json>>)[key]
}

function picked(value: Value | undefined, pick: Pick = []): Value | undefined {
  if (value === undefined || pick.length === 0) return value
  if ('list' in value) return picked(value.list[pick[0] as number], pick.slice(1))
  if ('artifact' in value)
    // Parts of other kinds are artifacts of their own, which only their bytes name.
    return value.artifact.kind === 'json' ? { ...value, pick: [...(value.pick ?? []), ...pick] } : undefined
  if ('absent' in value) return value
  const part = pick.reduce<Json | undefined>(memberOf, value.value)
  return part === undefined ? undefined : { value: part }
}

/**
 * What nodes were given that have not succeeded, for which nothing is recorded: told from the plan and from what is
 * recorded of others. Left out is what only a run knows: the state of a loop, items of stored lists and of maps by key.
 */
export class GivenInputs {
  readonly #detail: RunDetail
  readonly #index: PlanIndex
  readonly #outputs: ReadonlyMap<string, Values>

  constructor(detail: RunDetail, index: PlanIndex) {
    this.#detail = detail
    this.#index = index
    this.#outputs = new Map(
      detail.executions
        .filter(({ state }) => state === 'succeeded')
        .map(({ node, outputs }) => [node, outputs]),
    )
  }

  of(path: string): Values {
    const place = this.#index.get(patternOf(path))
    if (place?.node.type !== 'step') return {}
    const scope = this.#scopeOf(path, place)
    return Object.fromEntries(
      Object.entries(place.node.inputs).flatMap(([name, binding]) => {
        const value = this.#resolve(binding, scope)
        return value === undefined ? [] : [[name, value]]
      }),
    )
  }

  #scopeOf(path: string, place: PlacedNode): RunScope {
    const owner = parentPath(path, place)
    const ownerPlace = owner === undefined ? undefined : this.#index.get(patternOf(owner))
    return {
      prefix: path.slice(0, path.length - place.node.id.length),
      owner: owner === undefined || ownerPlace === undefined ? undefined : { path: owner, place: ownerPlace },
    }
  }

  #up({ owner }: RunScope): RunScope | undefined {
    return owner === undefined ? undefined : this.#scopeOf(owner.path, owner.place)
  }

  #resolve(binding: Binding, from: RunScope): Value | undefined {
    if ('value' in binding) return { value: binding.value }
    if ('list' in binding) {
      const list = binding.list.map((one) => this.#resolve(one, from))
      return list.every((one) => one !== undefined) ? { list } : undefined
    }
    let scope: RunScope | undefined = from
    for (let up = binding.up ?? 0; up > 0 && scope !== undefined; up--) scope = this.#up(scope)
    if (scope === undefined) return undefined
    if ('node' in binding)
      return picked(own(this.#outputs.get(scope.prefix + binding.node) ?? {}, binding.output), binding.pick)
    if ('input' in binding) return picked(this.#input(binding.input, scope), binding.pick)
    if ('index' in binding) {
      const at = this.#itemNumber(scope)
      return at === undefined ? undefined : { value: at }
    }
    return picked(this.#item(scope), binding.pick)
  }

  #input(name: string, scope: RunScope): Value | undefined {
    if (scope.owner === undefined) return own(this.#detail.inputs, name)
    const { node } = scope.owner.place
    const outer = node.type === 'pipeline' ? this.#up(scope) : undefined
    const binding = node.type === 'pipeline' ? own(node.inputs, name) : undefined
    return outer === undefined || binding === undefined ? undefined : this.#resolve(binding, outer)
  }

  #itemNumber({ prefix, owner }: RunScope): number | undefined {
    if (owner?.place.node.type !== 'map') return undefined
    const number = /^\[(\d+)\]\/$/.exec(prefix.slice(owner.path.length))?.[1]
    return number === undefined || owner.place.node.key !== undefined ? undefined : Number(number)
  }

  #item(scope: RunScope): Value | undefined {
    const at = this.#itemNumber(scope)
    const outer = this.#up(scope)
    const node = scope.owner?.place.node
    if (at === undefined || outer === undefined || node?.type !== 'map') return undefined
    return picked(this.#resolve(node.items, outer), [at])
  }
}
