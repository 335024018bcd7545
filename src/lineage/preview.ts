import type { Prospect } from '../execute/dry-run.ts'
import { againstNearest, type Explanation, type ExplainSource, type KeySide } from './explain.ts'
import type { Program } from '../execute/run-request.ts'

/** What a run would do with a node, as far as can be told before it runs, and why. */
export interface NodePreview extends Pick<Explanation, 'from' | 'reason' | 'against' | 'changes'> {
  readonly node: string
  /** The step of the node; null for a map, a branch or a sub-pipeline. */
  readonly step: string | null
  /**
   * `reused`: its outputs are in the cache; `executed`: they are not, see `changes` and `reason`; `open`: that depends
   * on what another node will give; `skipped`: its branch is not taken; `broken`: what it reads cannot be read.
   */
  readonly verdict: 'reused' | 'executed' | 'open' | 'skipped' | 'broken'
}

/** So many executions are explained: each reads earlier runs. */
const mostExplained = 100

const nothing = { from: null, reason: null, against: null, changes: [] }

/** Explains what a dry run has found. */
export async function previewOf(
  prospects: readonly Prospect[],
  program: Pick<Program, 'code'>,
  source: ExplainSource,
): Promise<readonly NodePreview[]> {
  const previews: NodePreview[] = []
  let explained = 0
  for (const prospect of prospects) {
    const { node } = prospect
    switch (prospect.type) {
      case 'hit':
        previews.push({
          ...nothing,
          node,
          step: prospect.step,
          verdict: 'reused',
          from: { run: prospect.run, node: prospect.from },
        })
        break
      case 'miss': {
        const { step, reason = null } = prospect
        const isExplained = reason === null && explained++ < mostExplained
        const against = isExplained
          ? await againstNearest(source, step, node, sideOf(prospect, program), Number.MAX_SAFE_INTEGER)
          : {}
        previews.push({ ...nothing, node, step, verdict: 'executed', reason, ...against })
        break
      }
      case 'open':
        previews.push({
          ...nothing,
          node,
          step: null,
          verdict: 'open',
          reason: `it depends on what '${prospect.on}' will give`,
        })
        break
      case 'skipped':
        previews.push({ ...nothing, node, step: null, verdict: 'skipped' })
        break
      case 'broken': {
        const { error } = prospect
        const reason = error instanceof Error ? error.message : String(error)
        previews.push({ ...nothing, node, step: null, verdict: 'broken', reason })
      }
    }
  }
  return previews
}

function sideOf(
  { inputs, env, fingerprint, declaration, planKey }: Prospect & { type: 'miss' },
  { code: codes }: Pick<Program, 'code'>,
): KeySide {
  const code = codes.get(planKey)
  const reached = code?.cacheable === true && code.pieces.length > 0 ? code : undefined
  return {
    execution: { inputs, env, fingerprint: fingerprint ?? null },
    declaration,
    reached,
    code: code?.cacheable === true ? code.digest : null,
    node: process.versions.node.split('.')[0]!,
    run: undefined,
    moduleText: (module) => Promise.resolve(reached?.texts.get(module)),
  }
}
