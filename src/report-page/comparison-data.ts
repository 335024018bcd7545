import type { Comparison, Difference, NodeComparison } from '../lineage/compare.ts'
import { pathOf } from '../lineage/why.ts'
import { own } from '../internal/own.ts'
import type { Json } from '../internal/json.ts'
import type { Value, Values } from '../record/event.ts'
import type { ExecutionRecord, RunDetail } from '../record/records.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { extentOf } from './artifacts.ts'
import { limits } from './budget.ts'
import { shown } from './shown.ts'
import type { PageComparison, PageDifference } from './page-data.ts'

const longest = 160
const byNumber = new Intl.Collator('en', { numeric: true }).compare

async function valueText(pw: Workspace, value: Value | undefined): Promise<string | null> {
  if (value === undefined) return null
  if ('absent' in value) return '(none)'
  if ('value' in value) return shown(JSON.stringify(value.value), longest)
  if ('list' in value) return `a list of ${value.list.length}`
  const { artifact, pick } = value
  const path = pathOf(artifact)
  const short = `${artifact.kind} ${artifact.digest.slice(7, 19)}, ${extentOf(artifact)}${path === null ? '' : `, ${shown(path, longest)}`}`
  if (
    (artifact.kind !== 'json' && artifact.kind !== 'metrics') ||
    artifact.size > 2_000 ||
    pick !== undefined
  )
    return short
  return pw.bytes(artifact).then(
    (bytes) => shown(Buffer.from(bytes).toString('utf8'), longest),
    () => short,
  )
}

async function valueDifferences(
  pw: Workspace,
  differences: readonly Difference<string>[],
  a: Values,
  b: Values,
): Promise<PageDifference[]> {
  return Promise.all(
    differences
      .filter(({ equal }) => !equal)
      .map(async ({ name }) => ({
        name: shown(name, 120),
        a: await valueText(pw, own(a, name)),
        b: await valueText(pw, own(b, name)),
      })),
  )
}

function jsonText(value: Json | undefined): string | null {
  if (value === undefined) return null
  return shown(typeof value === 'string' ? value : JSON.stringify(value), longest)
}

/** The metrics of a node: those of `ctx.metric`, and the numbers of its metrics outputs. */
function metricsOf(execution: ExecutionRecord | undefined): Map<string, number> {
  const values = new Map<string, number>()
  for (const [name, { last }] of Object.entries(execution?.metrics ?? {})) values.set(name, last)
  for (const value of Object.values(execution?.outputs ?? {})) {
    if (!('artifact' in value) || value.artifact.kind !== 'metrics') continue
    for (const [name, number] of Object.entries(value.artifact.meta ?? {}))
      if (typeof number === 'number') values.set(name, number)
  }
  return values
}

/** The metrics that differ between nodes which both runs have come to. */
function metricDifferences(
  nodes: Comparison['nodes'],
  here: ReadonlyMap<string, ExecutionRecord>,
  there: ReadonlyMap<string, ExecutionRecord>,
): PageComparison['metrics'] {
  const metrics: PageComparison['metrics'][number][] = []
  for (const pair of nodes) {
    const [a, b] = [metricsOf(here.get(pair.node)), metricsOf(there.get(pair.nodeInB))]
    for (const name of new Set([...a.keys(), ...b.keys()])) {
      const [left, right] = [a.get(name), b.get(name)]
      if (Object.is(left, right) || metrics.length === limits.differences) continue
      metrics.push({
        ...placeOf(pair),
        name: shown(name, 120),
        ...(left === undefined ? {} : { a: left }),
        ...(right === undefined ? {} : { b: right }),
      })
    }
  }
  return metrics
}

/** A node of both runs; its path in the other one where that is another. */
function placeOf({ node, nodeInB }: Pick<NodeComparison, 'node' | 'nodeInB'>): {
  node: string
  there?: string
} {
  return node === nodeInB ? { node } : { node, there: nodeInB }
}

function beyond(list: readonly unknown[]): number {
  return Math.max(0, list.length - limits.differences)
}

/** What differs between a run and another one, in texts. */
export async function comparisonOf(
  pw: Workspace,
  detail: RunDetail,
  otherId: string,
): Promise<PageComparison> {
  const other = await pw.show(otherId)
  const comparison = await pw.compare(detail.id, other.id)
  const [here, there] = [detail, other].map(
    ({ executions }) => new Map(executions.map((execution) => [execution.node, execution])),
  ) as [Map<string, ExecutionRecord>, Map<string, ExecutionRecord>]
  const changed = comparison.nodes.filter(({ equal }) => !equal)
  const nodes = changed.slice(0, limits.differences).map((node) => {
    const what: string[] = []
    if (node.state.a !== node.state.b) what.push('state')
    if (node.codeEqual === false) what.push('code')
    const of = (label: string, list: readonly Difference<unknown>[]): void => {
      const names = list.filter(({ equal }) => !equal).map(({ name }) => name)
      if (names.length > 0) what.push(`${label} ${names.map((name) => shown(name, 60)).join(', ')}`)
    }
    of('input', node.inputs)
    of('parameter', node.params)
    of('output', node.outputs)
    const took = (side: 'a' | 'b'): number | 'reused' | undefined =>
      node.reused[side] ? 'reused' : node.duration[side]
    const [a, b] = [took('a'), took('b')]
    return {
      ...placeOf(node),
      what,
      ...(a === undefined ? {} : { tookHere: a }),
      ...(b === undefined ? {} : { tookThere: b }),
    }
  })
  return {
    other: {
      id: other.id,
      pipeline: shown(other.pipeline),
      state: other.state,
      startedAt: new Date(other.startedAt).toISOString(),
      ...(other.finishedAt === null ? {} : { duration: other.finishedAt - other.startedAt }),
    },
    structureEqual: comparison.structureEqual,
    inputs: await valueDifferences(pw, comparison.inputs, detail.inputs, other.inputs),
    outputs: await valueDifferences(pw, comparison.outputs, detail.outputs, other.outputs),
    environment: comparison.environment.map(({ name, a, b }) => ({
      name,
      a: jsonText(a),
      b: jsonText(b),
    })),
    metrics: metricDifferences(comparison.nodes, here, there),
    nodes,
    equalNodes: comparison.nodes.length - changed.length,
    movedNodes: comparison.nodes.filter(({ node, nodeInB }) => node !== nodeInB).length,
    moreNodes: changed.length - nodes.length,
    onlyHere: comparison.onlyInA.toSorted(byNumber).slice(0, limits.differences),
    onlyThere: comparison.onlyInB.toSorted(byNumber).slice(0, limits.differences),
    moreOnly: beyond(comparison.onlyInA) + beyond(comparison.onlyInB),
  }
}
