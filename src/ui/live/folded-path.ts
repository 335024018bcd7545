import { locate, type PlanGraph } from '../../plan/locate.ts'
import { planPath } from '../../plan/node-path.ts'

/**
 * The path under which a node inside of a recursion is counted: however deep it is, each pipeline is there once, so that
 * what is known is as large as the plan. Undefined where the plan has no such path.
 */
export function foldedPath(plan: PlanGraph, path: string): string | undefined {
  const found = locate(plan, path)
  if (found === undefined) return undefined
  const { frames, node } = found
  let folded = ''
  for (let at = 1; at < frames.length; at++) {
    folded += frames[at]!.prefix.slice(frames[at - 1]!.prefix.length)
    const { node: around } = frames[at]!
    if (around?.type !== 'recurse') continue
    // What lies between the outermost call of a pipeline and the innermost one is its other calls.
    at = frames.findLastIndex(
      ({ node: inner }) => inner?.type === 'recurse' && inner.pipeline === around.pipeline,
    )
  }
  return planPath(folded + node.id)
}
