import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import type { Value } from '../record/event.ts'

/** What tells whether two values are the same: the content of artifacts, the canonical text of data. */
export function identity(value: Value): string {
  if ('artifact' in value) {
    const { kind, digest } = value.artifact
    return value.pick === undefined ? `${kind} ${digest}` : `${kind} ${digest} ${canonicalJson(value.pick)}`
  }
  if ('list' in value) return `[${value.list.map(identity).join(', ')}]`
  // A literal and a ref of equal content are the same, as they are in a cache key.
  return 'absent' in value ? 'absent' : `json ${sha256(canonicalJson(value.value))}`
}
