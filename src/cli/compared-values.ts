import type { Comparison, Difference } from '../lineage/compare.ts'
import { identity } from '../lineage/value-identity.ts'
import type { Values } from '../record/event.ts'
import type { RunDetail } from '../record/records.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { valueText } from './value-text.ts'

/** The kinds of which the values can be told. */
const isData = /^(?:json|metrics|list) /

/** What differs in data is shown as data: the texts of the values that are told apart in a comparison, by identity. */
export async function comparedValues(
  pw: Workspace,
  comparison: Comparison,
  runs: readonly RunDetail[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Set<string>()
  const want = (list: readonly Difference<string>[]): void => {
    for (const { a, b, equal } of list)
      for (const one of equal ? [] : [a, b]) if (one !== undefined && isData.test(one)) wanted.add(one)
  }
  want(comparison.inputs)
  want(comparison.outputs)
  for (const { inputs, outputs } of comparison.nodes) {
    want(inputs)
    want(outputs)
  }
  const texts = new Map<string, string>()
  const read = async (values: Values): Promise<void> => {
    for (const value of Object.values(values)) {
      const name = identity(value)
      if (wanted.has(name) && !texts.has(name)) texts.set(name, await valueText(pw, value))
    }
  }
  for (const run of runs) {
    await read(run.inputs)
    await read(run.outputs)
    for (const { inputs, outputs } of run.executions) {
      await read(inputs)
      await read(outputs)
    }
  }
  return texts
}
