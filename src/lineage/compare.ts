import { canonicalJson } from '../internal/canonical.ts'
import type { Json } from '../internal/json.ts'
import { own } from '../internal/own.ts'
import type { Environment, MetricSummary, Value, Values } from '../record/event.ts'
import type { ExecutionRecord, NodeState, RunDetail } from '../record/records.ts'
import { pairItems } from './item-pairs.ts'
import type { RunContent } from './run-content.ts'
import { identity } from './value-identity.ts'

/** A value in two runs; undefined where a run has none. */
export interface Pair<T> {
  readonly a: T | undefined
  readonly b: T | undefined
}

/** A named value of two runs. */
export interface Difference<T> extends Pair<T> {
  readonly name: string
  readonly equal: boolean
}

/** A node that both runs have come to. */
export interface NodeComparison {
  readonly node: string
  /** Its path in `b`: another one where an item of a map stands elsewhere in its list. */
  readonly nodeInB: string
  /** Same state, code, inputs, parameters and outputs. */
  readonly equal: boolean
  readonly state: { readonly a: NodeState; readonly b: NodeState }
  /** Null where one of them has no code digest. */
  readonly codeEqual: boolean | null
  readonly inputs: readonly Difference<string>[]
  readonly outputs: readonly Difference<string>[]
  readonly params: readonly Difference<Json>[]
  readonly metrics: readonly Difference<MetricSummary>[]
  /** Milliseconds; undefined while it runs. */
  readonly duration: Pair<number>
  readonly reused: { readonly a: boolean; readonly b: boolean }
}

/** What differs between two runs. */
export interface Comparison {
  readonly a: string
  readonly b: string
  readonly pipeline: { readonly a: string; readonly b: string; readonly equal: boolean }
  /** Whether both plans have the same structure. */
  readonly structureEqual: boolean
  readonly state: { readonly a: RunDetail['state']; readonly b: RunDetail['state'] }
  readonly duration: Pair<number>
  readonly inputs: readonly Difference<string>[]
  readonly outputs: readonly Difference<string>[]
  readonly nodes: readonly NodeComparison[]
  readonly onlyInA: readonly string[]
  readonly onlyInB: readonly string[]
  /** What differs in software and machine, by path: `packages.zod`, `git.commit`. */
  readonly environment: readonly Difference<Json>[]
}

/** What two runs have made of their values; without it parts of values are told apart by where they stand. */
export interface Contents {
  readonly a: RunContent
  readonly b: RunContent
}

const unread: RunContent = { identity, items: new Map() }

function valueDifferences(a: Values, b: Values, contents: Contents): Difference<string>[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return names.map((name) => {
    const [left, right] = [own(a, name), own(b, name)]
    const content = left === undefined ? undefined : contents.a.identity(left)
    const equal = content !== undefined && right !== undefined && content === contents.b.identity(right)
    // What is the same has one name; what differs is named by where it was taken from.
    if (equal) return { name, a: content, b: content, equal }
    const nameOf = (value: Value | undefined): string | undefined =>
      value === undefined ? undefined : identity(value)
    return { name, a: nameOf(left), b: nameOf(right), equal }
  })
}

function differences<T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  isEqual: (a: T, b: T) => boolean,
): Difference<T>[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return names.map((name) => {
    const [left, right] = [own(a, name), own(b, name)]
    const equal = left !== undefined && right !== undefined && isEqual(left, right)
    return { name, a: left, b: right, equal }
  })
}

const sameJson = (a: Json, b: Json): boolean => canonicalJson(a) === canonicalJson(b)
const sameMetric = (a: MetricSummary, b: MetricSummary): boolean =>
  Object.is(a.last, b.last) && Object.is(a.min, b.min) && Object.is(a.max, b.max) && a.count === b.count

function duration(record: Pick<RunDetail, 'startedAt' | 'finishedAt'>): number | undefined {
  return record.finishedAt === null ? undefined : record.finishedAt - record.startedAt
}

function compareNode(a: ExecutionRecord, b: ExecutionRecord, contents: Contents): NodeComparison {
  const codeEqual = a.code === null || b.code === null ? null : a.code === b.code
  const inputs = valueDifferences(a.inputs, b.inputs, contents)
  const outputs = valueDifferences(a.outputs, b.outputs, contents)
  const params = differences<Json>(a.params, b.params, sameJson)
  return {
    node: a.node,
    nodeInB: b.node,
    equal:
      a.state === b.state &&
      a.step === b.step &&
      codeEqual !== false &&
      [inputs, outputs, params].every((list) => list.every(({ equal }) => equal)),
    state: { a: a.state, b: b.state },
    codeEqual,
    inputs,
    outputs,
    params,
    metrics: differences(a.metrics, b.metrics, sameMetric),
    duration: { a: duration(a), b: duration(b) },
    reused: { a: a.reused !== null, b: b.reused !== null },
  }
}

function flat(environment: Environment | null): Record<string, Json> {
  if (environment === null) return {}
  const { packages, git, ...rest } = environment
  const entries: [string, Json][] = Object.entries(rest)
  for (const [name, version] of Object.entries(packages)) entries.push([`packages.${name}`, version])
  for (const [name, value] of Object.entries(git ?? {})) entries.push([`git.${name}`, value])
  return Object.fromEntries(entries)
}

/**
 * Gives the path in `b` of what has a path in `a`: items of maps by their content, as `pairItems` pairs them. Undefined
 * for an item that `b` does not have.
 */
function counterparts({ a, b }: Contents): (path: string) => string | undefined {
  const pairs = new Map<string, readonly (number | undefined)[] | undefined>()
  return (path) => {
    let there = ''
    let from = 0
    for (const { index: at, 0: bracket, 1: number } of path.matchAll(/\[(\d+)\]/g)) {
      const map = path.slice(0, at)
      there += path.slice(from, at)
      if (!pairs.has(map)) {
        const [left, right] = [a.items.get(map), b.items.get(there)]
        pairs.set(map, left === undefined || right === undefined ? undefined : pairItems(left, right))
      }
      const known = pairs.get(map)
      const place = known === undefined ? Number(number) : known[Number(number)]
      if (place === undefined) return undefined
      there += `[${place}]`
      from = at + bracket.length
    }
    return there + path.slice(from)
  }
}

/**
 * What differs between two runs: inputs, code, parameters, metrics, outputs, environment, node by node. Items of maps are
 * compared with those of the same content, wherever they stand in their lists.
 */
export function compare(
  a: RunDetail,
  b: RunDetail,
  contents: Contents = { a: unread, b: unread },
): Comparison {
  const right = new Map(b.executions.map((execution) => [execution.node, execution]))
  const counterpart = counterparts(contents)
  const nodes: NodeComparison[] = []
  const onlyInA: string[] = []
  for (const execution of a.executions) {
    const path = counterpart(execution.node)
    const other = path === undefined ? undefined : right.get(path)
    if (other === undefined) onlyInA.push(execution.node)
    else nodes.push(compareNode(execution, other, contents))
  }
  const met = new Set(nodes.map(({ nodeInB }) => nodeInB))
  return {
    a: a.id,
    b: b.id,
    pipeline: { a: a.pipeline, b: b.pipeline, equal: a.pipeline === b.pipeline },
    structureEqual: a.structure === b.structure,
    state: { a: a.state, b: b.state },
    duration: { a: duration(a), b: duration(b) },
    inputs: valueDifferences(a.inputs, b.inputs, contents),
    outputs: valueDifferences(a.outputs, b.outputs, contents),
    nodes,
    onlyInA,
    onlyInB: [...right.keys()].filter((node) => !met.has(node)),
    environment: differences(flat(a.environment), flat(b.environment), sameJson).filter(
      ({ equal }) => !equal,
    ),
  }
}
