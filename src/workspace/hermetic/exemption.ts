import type { CacheDeclaration, StepDeclaration } from '../../plan/document.ts'
import { locate, type PlanGraph } from '../../plan/locate.ts'

function reasonOf(
  { effect }: Pick<StepDeclaration, 'effect'>,
  cache: CacheDeclaration | undefined,
): string | undefined {
  if (effect !== undefined) return 'it is an effect, and was not carried out'
  if (cache === 'never') return "it says cache: 'never'"
  return typeof cache === 'object' ? 'it says cache: { ttl }' : undefined
}

/** Why a node may use the world; undefined where it may not. */
export function exemption(plan: PlanGraph, node: string, declaration: StepDeclaration): string | undefined {
  const found = locate(plan, node)?.node
  return reasonOf(declaration, (found?.type === 'step' ? found.cache : undefined) ?? declaration.cache)
}
