import type { Explanation } from '../lineage/explain.ts'
import type { RunDetail } from '../record/records.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { limits } from './budget.ts'
import { shown } from './shown.ts'
import type { PageExplanation, PageNode } from './page-data.ts'

const mostLines = 80

function pageExplanation({ verdict, reason, against, changes }: Explanation): PageExplanation {
  const text = (value: string | null): string | null => (value === null ? null : shown(value, 400))
  return {
    verdict,
    reason: text(reason),
    against:
      against === null
        ? null
        : { run: against.run, node: against.node, at: new Date(against.startedAt).toISOString() },
    changes: changes.map(({ part, name, before, after, details }) => ({
      part,
      name: shown(name, 200),
      before: text(before),
      after: text(after),
      ...(details === undefined
        ? {}
        : { details: details.slice(0, mostLines).map((line) => shown(line, 400)) }),
    })),
  }
}

/**
 * Adds to nodes why they were executed; of a reused one its record says it. In a large run the first ones of each step
 * are explained: what holds for one item of a map mostly holds for the others.
 */
export async function withExplanations(
  pw: Workspace,
  detail: RunDetail,
  nodes: readonly PageNode[],
): Promise<PageNode[]> {
  const perStep = new Map<string, number>()
  const explained: PageNode[] = []
  let left: number = limits.explanations
  const most = nodes.length <= left ? Infinity : 3
  for (const node of nodes) {
    const isExecuted = node.step !== null && node.state === 'succeeded' && node.key !== undefined
    const count = node.step === null ? 0 : (perStep.get(node.step) ?? 0)
    if (!isExecuted || left === 0 || count >= most) {
      explained.push(node)
      continue
    }
    perStep.set(node.step!, count + 1)
    left--
    const explanation = await pw.explain(detail, node.path).then(pageExplanation, () => undefined)
    explained.push(explanation === undefined ? node : { ...node, explanation })
  }
  return explained
}
