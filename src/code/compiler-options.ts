import { dirname } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'

/** Of these the code depends that a compiler or a loader makes of decorators, fields of classes, and JSX. */
const counted = [
  'experimentalDecorators',
  'emitDecoratorMetadata',
  'jsx',
  'jsxFactory',
  'jsxFragmentFactory',
  'jsxImportSource',
] as const

/** Targets that have fields of classes. */
const withFields = /^es(?:2022|2023|2024|2025|2026|next)$/i

const known = new Map<string, Promise<string | undefined>>()

/**
 * The options of the nearest tsconfig that change what becomes of code, as text; undefined where nothing changes it.
 * They are read once in a process, as loaders read them.
 */
export function compilerOptions(path: string): Promise<string | undefined> {
  const folder = dirname(path)
  const asked = known.get(folder) ?? read(path)
  known.set(folder, asked)
  return asked
}

async function read(path: string): Promise<string | undefined> {
  const { getTsconfig } = await import('get-tsconfig')
  let options: Readonly<Record<string, unknown>>
  try {
    options = (getTsconfig(path)?.config.compilerOptions ?? {}) as Readonly<Record<string, unknown>>
  } catch (error) {
    return `unreadable: ${(error as Error).message}`
  }
  const { target, useDefineForClassFields } = options
  const given: Record<string, string | boolean> = {}
  for (const name of counted) {
    const value = options[name]
    if (typeof value === 'string' || value === true) given[name] = value
  }
  const isDefining =
    typeof useDefineForClassFields === 'boolean'
      ? useDefineForClassFields
      : typeof target !== 'string' || withFields.test(target)
  if (!isDefining) given['useDefineForClassFields'] = false
  return Object.keys(given).length === 0 ? undefined : canonicalJson(given)
}
