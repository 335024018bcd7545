import type { Workspace } from '../workspace/workspace.ts'
import { packageVersion } from '../workspace/version.ts'
import { ArtifactIndex, outputOrigin } from './artifacts.ts'
import { limits } from './budget.ts'
import { comparisonOf } from './comparison-data.ts'
import { withExplanations } from './explanations.ts'
import { graphOf } from './graph-data.ts'
import { lineageOf } from './lineage-data.ts'
import { inOrder } from './node-order.ts'
import { NodeCollector, type OmittedNode } from './nodes.ts'
import { indexPlan } from './plan-index.ts'
import { Previews } from './previews.ts'
import { isGoingOn, progressOf } from './progress.ts'
import { environmentData, runData } from './run-data.ts'
import { scheduleOf } from './schedule.ts'
import type { PageData, PageState } from './page-data.ts'

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

function omittedOf(nodes: readonly OmittedNode[]): NonNullable<PageData['omitted']> {
  const states: Partial<Record<PageState, number>> = {}
  for (const { state } of nodes) states[state] = (states[state] ?? 0) + 1
  return { count: nodes.length, states, work: nodes.reduce((sum, { work }) => sum + work, 0) }
}

/** Reads everything that the page of a run shows; so many nodes are listed. */
export async function collectPage(
  pw: Workspace,
  run: string,
  { compareWith }: ReportOptions,
  most: number = limits.nodes,
): Promise<PageData> {
  const detail = await pw.show(run)
  const plan = await pw.planOf(detail.id)
  const index = indexPlan(
    plan,
    detail.executions.map(({ node }) => node),
  )
  const madeAt = Date.now()
  const progress = await progressOf(pw, detail)
  // What still runs is the end of the critical path so far.
  const timed = detail.executions.map((execution) =>
    execution.state === 'running' && isGoingOn(detail) ? { ...execution, finishedAt: madeAt } : execution,
  )
  const schedule = scheduleOf(timed, index, detail.startedAt)
  const artifacts = new ArtifactIndex()
  const inputs = artifacts.values(detail.inputs, 'input of the run')
  const outputs = artifacts.values(detail.outputs, outputOrigin)
  const collector = new NodeCollector(pw, detail, artifacts, most)
  const executed = await collector.nodes(index, schedule, progress)
  const nodes = inOrder(await withExplanations(pw, detail, executed), index)
  const notes: string[] = []
  const { omitted } = collector
  if (omitted.length > 0)
    notes.push(
      `${omitted.length.toLocaleString('en')} nodes that have succeeded are counted, but not listed: pipewright show has all.`,
    )
  if (collector.unread > 0) notes.push(`The logs of ${collector.unread} attempts are left out.`)
  const comparison =
    compareWith === undefined ? {} : { comparison: await comparisonOf(pw, detail, compareWith) }
  return {
    format: 1,
    made: { at: new Date(madeAt).toISOString(), pipewright: packageVersion() },
    run: runData(detail, madeAt),
    ...environmentData(detail),
    inputs,
    outputs,
    nodes,
    ...(omitted.length === 0 ? {} : { omitted: omittedOf(omitted) }),
    graph: await graphOf(plan, index, [...nodes, ...omitted], schedule),
    logs: collector.logs,
    artifacts: await new Previews(pw, artifacts).all(),
    lineage: await lineageOf(pw, detail),
    ...comparison,
    notes,
  }
}
