import { isSameText, placeOf } from './loaded-place.ts'
import type { ScopeReader } from './scope-values.ts'
import type { Slice } from './slice.ts'
import type { InstanceParts } from './value-text.ts'

/**
 * Reads instances of classes whose code a slice calls: their private fields, and which classes they are of. What is of
 * any other class, or of one that extends any other, is nobody's to read.
 */
export class InstanceReader {
  readonly #reader: ScopeReader
  readonly #slice: Slice
  readonly #place: (path: string) => string
  readonly #classes = new Map<object, string | undefined>()

  constructor(reader: ScopeReader, slice: Slice, place: (path: string) => string) {
    this.#reader = reader
    this.#slice = slice
    this.#place = place
  }

  /** The parts of an instance that its properties do not show; undefined where they cannot be told. */
  read = (value: object): InstanceParts | undefined => {
    // What a constructor may have put into a memo of the step (a registry, a WeakMap) nothing tells.
    if (this.#slice.memos.length > 0) return undefined
    const classes: string[] = []
    for (
      let prototype = Object.getPrototypeOf(value) as object | null;
      prototype !== null && prototype !== Object.prototype;
      prototype = Object.getPrototypeOf(prototype) as object | null
    ) {
      const name = this.#classOf(prototype)
      if (name === undefined) return undefined
      classes.push(name)
    }
    const fields = classes.length === 0 ? undefined : this.#reader.privateFields(value)
    return fields === undefined ? undefined : { classes, fields }
  }

  #classOf(prototype: object): string | undefined {
    if (this.#classes.has(prototype)) return this.#classes.get(prototype)
    const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
    const name =
      typeof made === 'function' && made.prototype === prototype
        ? this.#nameOf(made as (...values: never[]) => unknown)
        : undefined
    this.#classes.set(prototype, name)
    return name
  }

  /** A class by its module and what it is declared as, where its code is part of the slice. */
  #nameOf(constructor: (...values: never[]) => unknown): string | undefined {
    const view = this.#reader.view(constructor)
    if (view === undefined) return undefined
    for (const [module, pieces] of this.#slice.pieces) {
      if (module.path !== view.file) continue
      const at = placeOf(view, module)
      const piece = at && pieces.find(({ start, end }) => start <= at.offset && at.offset < end)
      // A class inside a function may have captured anything.
      if (piece?.type !== 'class' || !this.#slice.called.has(piece)) return undefined
      const isSame =
        at!.isMapped || isSameText(String(constructor), module.text.slice(piece.start, piece.end))
      return isSame ? `${this.#place(module.path)} ${piece.names.join(' ')}` : undefined
    }
    return undefined
  }
}
