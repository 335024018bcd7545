import { changeLines } from './render-explain.ts'
import type { NodePreview } from './preview.ts'

/**
 * What a run would do, as text: a line for each node, below it what has changed, and the sum.
 *
 * @example
 * ```ts
 * console.log(renderPreview(await pw.preview(tumours, { csv: 'tumours.csv' })))
 * // load: reused from run 01a20da5-2fbc-7295-81a8-e06d64e30344, node load
 * // split: to execute, against run 01a20da5-2fbc-7295-81a8-e06d64e30344:
 * //   - input seed: 7 -> 8
 * // 1 reused, 1 to execute
 * ```
 */
export function renderPreview(nodes: readonly NodePreview[]): string {
  const counts = new Map<string, number>()
  const lines = nodes.flatMap((node) => {
    counts.set(node.verdict, (counts.get(node.verdict) ?? 0) + 1)
    return nodeLines(node)
  })
  const sum = [...counts].map(([verdict, count]) => `${count} ${words[verdict as NodePreview['verdict']]}`)
  return [...lines, sum.join(', ')].join('\n')
}

const words: Readonly<Record<NodePreview['verdict'], string>> = {
  reused: 'reused',
  executed: 'to execute',
  open: 'open',
  skipped: 'skipped',
  broken: 'broken',
}

function nodeLines({ node, step, verdict, from, reason, against, changes }: NodePreview): string[] {
  const name = step === null || step === node ? node : `${node} (${step})`
  switch (verdict) {
    case 'reused':
      return [`${name}: reused from run ${from!.run}, node ${from!.node}`]
    case 'executed': {
      if (reason !== null) return [`${name}: to execute, not cached: ${reason}`]
      if (against === null) return [`${name}: to execute: there is no earlier execution of the step`]
      if (changes.length === 0)
        return [
          `${name}: to execute: nothing has changed since run ${against.run}, but its outputs are gone, too old, or not wanted`,
        ]
      return [`${name}: to execute, against run ${against.run}:`, ...changes.flatMap(changeLines)]
    }
    case 'skipped':
      return [`${name}: skipped`]
    default:
      return [`${name}: ${verdict}: ${reason ?? ''}`]
  }
}
