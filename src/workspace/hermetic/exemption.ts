import type { CacheDeclaration, Plan, StepDeclaration } from '../../plan/document.ts'
import { walkPlan } from '../../plan/select.ts'

function reasonOf(
  { effect }: Pick<StepDeclaration, 'effect'>,
  cache: CacheDeclaration | undefined,
): string | undefined {
  if (effect !== undefined) return 'it is an effect, and was not carried out'
  if (cache === 'never') return "it says cache: 'never'"
  return typeof cache === 'object' ? 'it says cache: { ttl }' : undefined
}

/** Why a node may use the world; undefined where it may not. */
export function exemption(
  plan: Pick<Plan, 'scope'>,
  node: string,
  declaration: StepDeclaration,
): string | undefined {
  const planned = node.replaceAll(/\[\d+\]/g, '')
  for (const { path, node: found } of walkPlan(plan.scope))
    if (path === planned && found.type === 'step')
      return reasonOf(declaration, found.cache ?? declaration.cache)
  return reasonOf(declaration, declaration.cache)
}
