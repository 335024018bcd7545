import type { PlanGraph } from '../plan/locate.ts'
import { itemSources, outputSources, sourcesOf, type Origin } from '../plan/wiring.ts'
import type { ExecutionRecord } from '../record/records.ts'

/**
 * By node, and by `output.<name>` of the run: what it was made from, as `node.output` or `input.<name>`.
 *
 * @example
 * ```ts
 * expect(run).toMatchLineage({ load: ['input.csv'], 'output.model': ['pick-best.model'] })
 * ```
 */
export type RunLineage = Readonly<Record<string, readonly string[]>>

/**
 * What each node of a run was made from: the outputs that it was given, of nodes that have succeeded. A list that a
 * map gathers stands under its own name (`trials.score`), with the items that are in it.
 */
export function lineageOf(
  plan: PlanGraph,
  executions: readonly Pick<ExecutionRecord, 'node' | 'step' | 'state' | 'inputs'>[],
): RunLineage {
  const lineage: Record<string, readonly string[]> = {}
  const succeeded = new Map(
    executions.filter(({ state }) => state === 'succeeded').map((execution) => [execution.node, execution]),
  )
  const isMade = ({ node }: Origin): boolean => node === '' || succeeded.has(node)
  const named = (origins: readonly Origin[]): string[] => [
    ...new Set(
      origins
        .filter((origin) => origin.inside !== true && isMade(origin))
        .map(({ node, output }) => (node === '' ? `input.${output}` : `${node}.${output}`)),
    ),
  ]
  const gathered = (origins: readonly Origin[]): void => {
    for (const { node, output } of origins) {
      const name = `${node}.${output}`
      if (node === '' || succeeded.get(node)?.step !== null || name in lineage) continue
      const items: Origin[] = []
      for (let item = 0; ; item++) {
        const of = itemSources(plan, node, output, item).filter(isMade)
        if (of.length === 0) break
        items.push(...of)
      }
      lineage[name] = named(items)
      gathered(items)
    }
  }
  for (const [node, { step, inputs }] of succeeded) {
    if (step === null) continue
    const origins = Object.keys(inputs).flatMap((input) => sourcesOf(plan, node, input))
    lineage[node] = named(origins)
    gathered(origins)
  }
  for (const output of Object.keys(plan.scope.outputs)) {
    const origins = outputSources(plan, output)
    lineage[`output.${output}`] = named(origins)
    gathered(origins)
  }
  return lineage
}

/** All that something was made from, nearest first, by its name in a lineage or as `node.output`. */
export function madeFrom(lineage: RunLineage, name: string): readonly string[] {
  const found = new Set<string>()
  const open = [name]
  for (const next of open) {
    const node = next.replace(/\.[^./]*$/, '')
    for (const source of lineage[next] ?? lineage[node] ?? []) {
      if (found.has(source)) continue
      found.add(source)
      open.push(source)
    }
  }
  return [...found]
}
