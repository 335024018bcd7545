import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import type { Json } from '../internal/json.ts'
import { own } from '../internal/own.ts'
import type { Environment, MetricSummary, Value, Values } from '../record/event.ts'
import type { ExecutionRecord, NodeState, RunDetail } from '../record/records.ts'

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

/** What tells whether two values are the same: the content of artifacts, the canonical text of data. */
export function identity(value: Value): string {
  if ('artifact' in value) {
    const { kind, digest } = value.artifact
    return value.pick === undefined ? `${kind} ${digest}` : `${kind} ${digest} ${canonicalJson(value.pick)}`
  }
  if ('list' in value) return `[${value.list.map(identity).join(', ')}]`
  // A literal and a ref of equal content are the same, as they are in a cache key.
  return 'absent' in value ? 'absent' : `json ${sha256(canonicalJson(value.value))}`
}

function identities(values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, identity(value)]))
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

const sameText = (a: string, b: string): boolean => a === b
const sameJson = (a: Json, b: Json): boolean => canonicalJson(a) === canonicalJson(b)
const sameMetric = (a: MetricSummary, b: MetricSummary): boolean =>
  Object.is(a.last, b.last) && Object.is(a.min, b.min) && Object.is(a.max, b.max) && a.count === b.count

function duration(record: Pick<RunDetail, 'startedAt' | 'finishedAt'>): number | undefined {
  return record.finishedAt === null ? undefined : record.finishedAt - record.startedAt
}

function compareNode(a: ExecutionRecord, b: ExecutionRecord): NodeComparison {
  const codeEqual = a.code === null || b.code === null ? null : a.code === b.code
  const inputs = differences(identities(a.inputs), identities(b.inputs), sameText)
  const outputs = differences(identities(a.outputs), identities(b.outputs), sameText)
  const params = differences<Json>(a.params, b.params, sameJson)
  return {
    node: a.node,
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

/** What differs between two runs: inputs, code, parameters, metrics, outputs, environment, node by node. */
export function compare(a: RunDetail, b: RunDetail): Comparison {
  const [left, right] = [a, b].map(
    ({ executions }) => new Map(executions.map((execution) => [execution.node, execution])),
  ) as [Map<string, ExecutionRecord>, Map<string, ExecutionRecord>]
  const nodes: NodeComparison[] = []
  for (const [node, execution] of left) {
    const other = right.get(node)
    if (other !== undefined) nodes.push(compareNode(execution, other))
  }
  return {
    a: a.id,
    b: b.id,
    pipeline: { a: a.pipeline, b: b.pipeline, equal: a.pipeline === b.pipeline },
    structureEqual: a.structure === b.structure,
    state: { a: a.state, b: b.state },
    duration: { a: duration(a), b: duration(b) },
    inputs: differences(identities(a.inputs), identities(b.inputs), sameText),
    outputs: differences(identities(a.outputs), identities(b.outputs), sameText),
    nodes,
    onlyInA: [...left.keys()].filter((node) => !right.has(node)),
    onlyInB: [...right.keys()].filter((node) => !left.has(node)),
    environment: differences(flat(a.environment), flat(b.environment), sameJson).filter(
      ({ equal }) => !equal,
    ),
  }
}
