import type { PlanApprove } from '../plan/document.ts'

/** Whether somebody may decide: by name, or by one of their roles. */
export function mayDecide(
  { by }: Pick<PlanApprove, 'by'>,
  who: { readonly by: string; readonly roles: readonly string[] },
): boolean {
  return by === undefined || by.includes(who.by) || who.roles.some((role) => by.includes(`role:${role}`))
}
