import { promisify } from 'node:util'
import { record, recording, unrecorded, type Declared } from './recorder.ts'
import type { UseKind } from './use.ts'

/** A function of Node's, whatever it takes. */
type Native = (this: unknown, ...args: readonly unknown[]) => unknown

/** What to look at before a call counts as a use. */
export interface Watch {
  readonly kind: UseKind
  /** The name of what the function belongs to. */
  readonly of: string
  /** Whether a call uses nothing undeclared. */
  readonly isDeclared?: (args: readonly unknown[], declared: Declared) => boolean
  /** The argument that tells what was used. */
  readonly argument?: (args: readonly unknown[]) => string | undefined
}

const longest = 80

function callText(name: string, { of, argument }: Watch, args: readonly unknown[]): string {
  const told = argument?.(args)
  const short = told !== undefined && told.length > longest ? `${told.slice(0, longest)}…` : told
  return `${of === '' ? '' : `${of}.`}${name}(${short === undefined ? '' : `'${short}'`})`
}

/** A function that records its calls, and is the same otherwise. */
export function watched(original: Native, name: string, watch: Watch): Native {
  const note = (args: readonly unknown[], isNew: boolean): void => {
    const declared = recording()
    if (declared === undefined) return
    if (watch.isDeclared !== undefined && unrecorded(() => watch.isDeclared!(args, declared))) return
    record(watch.kind, () => `${isNew ? 'new ' : ''}${callText(name, watch, args)}`)
  }
  function call(this: unknown, ...args: readonly unknown[]): unknown {
    note(args, new.target !== undefined)
    return unrecorded(() => {
      if (new.target === undefined) return Reflect.apply(original, this, args) as unknown
      const made = new.target === call ? original : new.target
      return Reflect.construct(original, args, made) as unknown
    })
  }
  const members = Object.getOwnPropertyDescriptors(original) as Record<string | symbol, PropertyDescriptor>
  // What stands beside a function does the same: `fs.realpath.native`, `promisify(exec)`.
  for (const member of ['native', 'bigint', promisify.custom] as const) {
    const beside: unknown = members[member]?.value
    // A promisified function names itself as its promisified form.
    if (typeof beside !== 'function' || beside === original) continue
    const its = typeof member === 'string' ? `${name}.${member}` : name
    members[member] = { ...members[member], value: watched(beside as Native, its, watch) }
  }
  Object.defineProperties(call, members)
  return Object.setPrototypeOf(call, Object.getPrototypeOf(original) as object | null) as Native
}

/** Puts watched functions in the place of those of an object; names that it does not have are passed over. */
export function wrapAll(owner: object, names: readonly string[], watch: Watch): void {
  for (const name of names) {
    const original: unknown = Reflect.get(owner, name)
    if (typeof original !== 'function') continue
    const own = Object.getOwnPropertyDescriptor(owner, name)
    const value = watched(original as Native, name, watch)
    const enumerable = own?.enumerable ?? false
    if (own?.configurable !== false)
      Object.defineProperty(owner, name, { value, configurable: true, writable: true, enumerable })
  }
}
