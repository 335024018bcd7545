import type { Comparison, Difference, NodeComparison } from '../lineage/compare.ts'
import type { Palette } from './palette.ts'
import { durationText, numberText, printable } from './text.ts'

/** How a comparison is drawn. */
export interface ComparisonOptions {
  /** Also what is the same. */
  readonly all: boolean
  readonly palette: Palette
  /** The texts of data, by identity. */
  readonly values?: ReadonlyMap<string, string>
}

type Texts = ReadonlyMap<string, string>

const longest = 40

function short(value: unknown, values?: Texts): string {
  if (value === undefined) return '(none)'
  const known = typeof value === 'string' ? values?.get(value) : undefined
  if (known !== undefined) return known.length > longest ? `${known.slice(0, longest)}…` : known
  const text =
    typeof value === 'string'
      ? value.replaceAll(/sha256:([0-9a-f]{12})[0-9a-f]*/g, '$1')
      : JSON.stringify(value)
  return printable(text.length > longest ? `${text.slice(0, longest)}…` : text)
}

function changed(what: string, { name, a, b }: Difference<unknown>, values?: Texts): string {
  return `${what} ${printable(name)}: ${short(a, values)} -> ${short(b, values)}`
}

function differing<T>(list: readonly Difference<T>[]): readonly Difference<T>[] {
  return list.filter(({ equal }) => !equal)
}

function took({ a, b }: { readonly a: number | undefined; readonly b: number | undefined }): string {
  const text = (ms: number | undefined): string => (ms === undefined ? 'not over' : durationText(ms))
  return `${text(a)} -> ${text(b)}`
}

function nodeLines(node: NodeComparison, values: Texts | undefined): string[] {
  const lines: string[] = []
  if (node.state.a !== node.state.b) lines.push(`state: ${node.state.a} -> ${node.state.b}`)
  if (node.codeEqual === false) lines.push('code: another one')
  for (const one of differing(node.inputs)) lines.push(changed('input', one, values))
  for (const one of differing(node.params)) lines.push(changed('parameter', one))
  for (const { name, a, b } of differing(node.metrics)) {
    const text = (value: typeof a): string => (value === undefined ? '(none)' : numberText(value.last))
    lines.push(`metric ${printable(name)}: ${text(a)} -> ${text(b)}`)
  }
  for (const one of differing(node.outputs)) lines.push(changed('output', one, values))
  return lines
}

/** What differs between two runs, a line for each difference, by node. */
export function comparisonLines(
  comparison: Comparison,
  { all, palette, values }: ComparisonOptions,
): string[] {
  const { a, b, pipeline, state, duration, structureEqual, nodes } = comparison
  const out = [
    `a  ${a}  ${printable(pipeline.a)}  ${state.a}`,
    `b  ${b}  ${printable(pipeline.b)}  ${state.b}`,
    `took ${took(duration)}${structureEqual ? '' : '; the structure of the pipeline is another one'}`,
  ]
  for (const one of differing(comparison.inputs)) out.push(palette.careful(changed('input', one, values)))
  let equal = 0
  for (const node of nodes) {
    const lines = nodeLines(node, values)
    if (lines.length === 0) {
      equal++
      if (all) out.push(`${palette.good('=')} ${printable(node.node)}  ${took(node.duration)}`)
      continue
    }
    out.push(`${palette.careful('≠')} ${printable(node.node)}`, ...lines.map((line) => `    ${line}`))
  }
  for (const node of comparison.onlyInA) out.push(`- ${printable(node)} is in a alone`)
  for (const node of comparison.onlyInB) out.push(`+ ${printable(node)} is in b alone`)
  for (const one of comparison.environment) out.push(changed('environment', one))
  for (const one of differing(comparison.outputs)) out.push(palette.careful(changed('output', one, values)))
  out.push(`${equal} of ${nodes.length} nodes are the same`)
  return out
}
