import type { PlanNode } from '../plan/document.ts'
import type { RunRequest, RunServices } from './run-request.ts'
import { idempotencyKey, plannedStep } from './step-work.ts'
import type { Hit } from './verification.ts'

/** The hits in the history of a resumed run that were not verified yet; what was not selected is not executed. */
export function* earlierHits(
  { id, history, plan, program, reuse }: RunRequest,
  { resources }: RunServices,
  nodeAt: (path: string) => PlanNode,
): Generator<Hit> {
  const verified = new Set<string>()
  for (const { event } of history) if (event.type === 'node.verified') verified.add(event.node)
  for (const { event, at } of history) {
    if (event.type !== 'node.succeeded' || event.reused === undefined || event.key === null) continue
    const { node, key, inputs: values, outputs, reused } = event
    if (verified.has(node) || reuse?.has(node.split(/[/[]/, 1)[0]!) === true) continue
    const planned = plannedStep(nodeAt(node), node).step
    const step = program.steps.get(planned)!
    const declaration = plan.steps[planned]!
    const facts = event.facts ?? { metrics: {}, params: {}, reports: [] }
    yield {
      node,
      step,
      declaration,
      values,
      key,
      entry: { ...reused, key, at, outputs, facts },
      // Only that of an effect is made of its inputs, and effects are no hits.
      idempotencyKey: idempotencyKey(id, node, declaration, {}),
      needs: resources.needs(declaration.resources, step.name),
      fingerprint: event.fingerprint,
    }
  }
}
