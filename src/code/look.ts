import { statSync } from 'node:fs'

/** What tells that a file is the one that was read before, and when it last changed, in milliseconds since the epoch. */
export function lookAt(path: string): { readonly look: string; readonly changedAt: number } {
  const { size, mtimeNs, ctimeNs, ctimeMs, ino } = statSync(path, { bigint: true })
  return { look: `${size} ${mtimeNs} ${ctimeNs} ${ino}`, changedAt: Number(ctimeMs) }
}
