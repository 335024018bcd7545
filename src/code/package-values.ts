import { types } from 'node:util'
import { pathToFileURL } from 'node:url'
import { sha256, type Digest } from '../internal/digest.ts'
import { Unreadable, valueText } from './value-text.ts'

/** What code uses of a package, under a name of a module of the project. */
export interface PackageUse {
  /** The module of the project. */
  readonly path: string
  readonly local: string
  readonly specifier: string
  /** The file of the package that it leads to. */
  readonly target: string
  /** The export; `*` for all of them. */
  readonly name: string
  readonly members: ReadonlySet<string> | 'all'
}

/**
 * What code uses of a package, as text: functions and classes are told by the version of the package, what they
 * hold as plain members is not, nor are objects, which may have read a file.
 *
 * The module is loaded already: the code that uses it has been.
 */
export class PackageValue {
  readonly use: PackageUse
  readonly #module: Readonly<Record<string, unknown>>

  private constructor(use: PackageUse, module: Readonly<Record<string, unknown>>) {
    this.use = use
    this.#module = module
  }

  /** Throws {@link Unreadable}. */
  static async of(use: PackageUse): Promise<PackageValue> {
    try {
      return new PackageValue(
        use,
        (await import(pathToFileURL(use.target).href)) as Readonly<Record<string, unknown>>,
      )
    } catch (cause) {
      throw new Unreadable(`'${use.specifier}' cannot be loaded: ${(cause as Error).message}`)
    }
  }

  /** The digest of what is used, now; undefined where that is functions and classes. Throws {@link Unreadable}. */
  digest(): Digest | undefined {
    const { name, members, specifier } = this.use
    const isAll = name === '*'
    // What a loader makes of CommonJS has its exports in the default one.
    const whole = this.#module['default']
    const value = isAll
      ? this.#module
      : name in this.#module
        ? this.#module[name]
        : isRecord(whole)
          ? whole[name]
          : undefined
    const text = memberTexts(value, members, isAll ? specifier : name)
    return text === '' ? undefined : sha256(text)
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null
}

function memberTexts(value: unknown, members: PackageUse['members'], place: string): string {
  if (members === 'all' || !(isBag(value) || typeof value === 'function'))
    return textOf(value, place, new Set())
  const texts: string[] = []
  for (const member of members) {
    // Methods that all objects have are no members of this one.
    if (!Object.hasOwn(value, member)) continue
    const text = textOf((value as Readonly<Record<string, unknown>>)[member], `${place}.${member}`, new Set())
    if (text !== '') texts.push(`${member}: ${text}`)
  }
  return texts.toSorted().join('\n')
}

/** An object that only holds members: what a module exports. */
function isBag(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return types.isModuleNamespaceObject(value) || prototype === null || prototype === Object.prototype
}

/** A text of what the version of a package does not tell of a value; empty for functions, and where there is none. */
function textOf(value: unknown, place: string, seen: Set<unknown>): string {
  if (value === undefined) return ''
  if (typeof value === 'function') return membersText(value, (member) => !isRecord(member), place, seen)
  if (isBag(value)) {
    if (seen.has(value)) return ''
    seen.add(value)
    return membersText(value, () => true, place, seen)
  }
  try {
    return valueText(value)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    throw new Unreadable(`'${place}': ${error.message}`)
  }
}

function membersText(
  value: object,
  counts: (member: unknown) => boolean,
  place: string,
  seen: Set<unknown>,
): string {
  const texts: string[] = []
  for (const [key, { enumerable, ...property }] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    if (enumerable !== true) continue
    // CommonJS that was compiled gives its exports by getters.
    const held: unknown =
      'value' in property
        ? property.value
        : isBag(value)
          ? (value as Record<string, unknown>)[key]
          : undefined
    if (!counts(held)) continue
    const text = textOf(held, `${place}.${key}`, seen)
    if (text !== '') texts.push(`${key}: ${text}`)
  }
  return texts.toSorted().join('\n')
}
