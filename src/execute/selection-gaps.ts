import type { PipewrightError } from '../internal/error.ts'
import type { PlanScope } from '../plan/document.ts'
import { DryRun, type DryRunRequest } from './dry-run.ts'
import { selectionGap } from './run-errors.ts'
import type { RunServices } from './run-request.ts'

/**
 * The error of a run whose selection needs what is not in the cache, found without running anything. `before` are the
 * nodes that must be found before the first selected one starts; what is between selected ones is known in the run.
 */
export async function findSelectionGap(
  request: DryRunRequest,
  before: PlanScope,
  services: RunServices,
  signal: AbortSignal,
): Promise<PipewrightError | undefined> {
  if (before.nodes.length === 0) return undefined
  const plan = { ...request.plan, scope: before }
  const prospects = await new DryRun({ ...request, plan }, services, signal).prospects()
  // What was given up is no gap: the run is to tell that it was cancelled.
  if (signal.aborted) return undefined
  const gaps = prospects.flatMap((one) => (one.type === 'miss' ? [one] : []))
  const [first] = gaps
  return first && selectionGap(first.node, first.reason, gaps.length - 1)
}
