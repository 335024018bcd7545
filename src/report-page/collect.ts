import type { Workspace } from '../workspace/workspace.ts'
import { packageVersion } from '../workspace/version.ts'
import { ArtifactIndex } from './artifacts.ts'
import { comparisonOf } from './comparison-data.ts'
import { withExplanations } from './explanations.ts'
import { graphOf } from './graph-data.ts'
import { lineageOf } from './lineage-data.ts'
import { NodeCollector } from './nodes.ts'
import { indexPlan } from './plan-index.ts'
import { Previews } from './previews.ts'
import { environmentData, runData } from './run-data.ts'
import { scheduleOf } from './schedule.ts'
import type { PageData } from './page-data.ts'

/**
 * What a page is to show beside its run.
 *
 * @example
 * ```ts
 * const html = await renderReport(pw, run.id, { compareWith: before.id })
 * ```
 */
export interface ReportOptions {
  /** Another run (id, or a unique start of one): what differs from it is shown too. */
  readonly compareWith?: string
}

/** Reads everything that the page of a run shows. */
export async function collectPage(
  pw: Workspace,
  run: string,
  { compareWith }: ReportOptions,
): Promise<PageData> {
  const detail = await pw.show(run)
  const plan = await pw.planOf(detail.id)
  const index = indexPlan(plan)
  const schedule = scheduleOf(detail.executions, index, detail.startedAt)
  const artifacts = new ArtifactIndex()
  const inputs = artifacts.values(detail.inputs, 'input of the run')
  const outputs = artifacts.values(detail.outputs, 'output of the run')
  const collector = new NodeCollector(pw, detail, artifacts)
  const nodes = await withExplanations(pw, detail, await collector.nodes(index, schedule))
  const notes: string[] = []
  if (collector.unread > 0) notes.push(`The logs of ${collector.unread} attempts are left out.`)
  const comparison =
    compareWith === undefined ? {} : { comparison: await comparisonOf(pw, detail, compareWith) }
  return {
    format: 1,
    made: { at: new Date().toISOString(), pipewright: packageVersion() },
    run: runData(detail),
    ...environmentData(detail),
    inputs,
    outputs,
    nodes,
    graph: await graphOf(plan, nodes, schedule),
    logs: collector.logs,
    artifacts: await new Previews(pw, artifacts).all(),
    lineage: await lineageOf(pw, detail),
    ...comparison,
    notes,
  }
}
