import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import type { Json } from '../internal/json.ts'
import type { StepCode } from './step-digest.ts'

/** The digest of a step's code with what it is made of, by names that users know. */
export function codeParts(code: StepCode & { readonly cacheable: true }): {
  readonly digest: Digest
  readonly parts: Readonly<Record<string, string>>
} {
  const parts: Record<string, string> = {}
  for (const { module, names, digest } of code.pieces) {
    const name = names.length === 0 ? `a statement of ${module}` : `${names.join(', ')} of ${module}`
    parts[name] = `${parts[name] ?? ''}${digest}`
  }
  for (const [name, value] of Object.entries(code.values))
    parts[`the value of ${name}`] = sha256(canonicalJson(value as unknown as Json))
  for (const [name, version] of Object.entries(code.packages)) parts[`the version of ${name}`] = version
  return { digest: code.digest, parts }
}

/** Which parts are others, in words. */
export function differentParts(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  const different = names.filter((name) => before[name] !== now[name])
  return different.length === 0 ? 'how it is made' : different.slice(0, 5).join('; ')
}
