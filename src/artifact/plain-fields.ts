import type { Schema } from './schema.ts'
import type { Column, ColumnType } from './table-columns.ts'

/** What a schema takes of the cells of one column, and gives back as they are. */
export interface PlainField {
  readonly type: Exclude<ColumnType, 'json'>
  /** What a missing cell is; undefined where none may be missing. */
  readonly missing: Column['missing'] | undefined
  readonly least: Bound | undefined
  readonly most: Bound | undefined
  readonly whole: boolean
  /** The only texts. */
  readonly oneOf: ReadonlySet<string> | undefined
}

/** An end of a range of numbers. */
export interface Bound {
  readonly value: number
  readonly inclusive: boolean
}

/** How zod describes its schemas (`zod/v4/core`, which is for libraries like this one). */
interface Definition {
  readonly type: string
  readonly coerce?: boolean
  readonly checks?: readonly { readonly _zod: { readonly def: CheckDefinition } }[]
  /** Of a schema that is a check itself: `z.int()`, `z.email()`. */
  readonly check?: string
  readonly format?: string
  readonly innerType?: ZodSchema
  readonly entries?: Readonly<Record<string, unknown>>
  readonly shape?: Readonly<Record<string, ZodSchema>>
  readonly catchall?: ZodSchema
}

interface CheckDefinition {
  readonly check: string
  readonly format?: string
  readonly value?: unknown
  readonly inclusive?: boolean
}

interface ZodSchema {
  readonly _zod: {
    readonly def: Definition
    /** The names of the classes that it is of. */
    readonly traits?: ReadonlySet<string>
  }
}

const types: Readonly<Record<string, PlainField['type']>> = {
  number: 'number',
  string: 'string',
  boolean: 'boolean',
  date: 'date',
  bigint: 'bigint',
  enum: 'string',
}

function stricter(a: Bound | undefined, b: Bound, sign: 1 | -1): Bound {
  if (a === undefined || (b.value - a.value) * sign > 0) return b
  return b.value === a.value && a.inclusive ? b : a
}

/** A field with one more check; undefined for one that is more than a range or a whole number. */
function checked(
  field: PlainField,
  { check, format, value, inclusive }: CheckDefinition,
): PlainField | undefined {
  if (field.type !== 'number') return undefined
  if (check === 'number_format') return format === 'safeint' ? { ...field, whole: true } : undefined
  if (typeof value !== 'number' || inclusive === undefined) return undefined
  const bound = { value, inclusive }
  if (check === 'greater_than') return { ...field, least: stricter(field.least, bound, 1) }
  return check === 'less_than' ? { ...field, most: stricter(field.most, bound, -1) } : undefined
}

/** Tells whether all classes of a schema are zod's: one of somebody else's may check what no definition tells. */
function isOfZod({ traits }: ZodSchema['_zod']): boolean {
  return traits !== undefined && [...traits].every((name) => /^[$_]?Zod/.test(name))
}

function fieldOf({ _zod }: ZodSchema): PlainField | undefined {
  const { def } = _zod
  if (!isOfZod(_zod)) return undefined
  if (def.type === 'optional' || def.type === 'nullable') {
    const inner = def.innerType === undefined || def.checks?.length ? undefined : fieldOf(def.innerType)
    // One that may be both is null, as other languages have it.
    return inner && { ...inner, missing: def.type === 'nullable' ? 'null' : (inner.missing ?? 'absent') }
  }
  const type = types[def.type]
  if (type === undefined || def.coerce === true) return undefined
  const values = def.type === 'enum' ? Object.values(def.entries ?? {}) : undefined
  if (values?.every((value) => typeof value === 'string') === false) return undefined
  const oneOf = values && new Set(values as string[])
  let field: PlainField | undefined = {
    type,
    missing: undefined,
    least: undefined,
    most: undefined,
    whole: false,
    oneOf,
  }
  if (def.check !== undefined) field = checked(field, { check: def.check, format: def.format! })
  for (const check of def.checks ?? []) field = field && checked(field, check._zod.def)
  return field
}

const known = new WeakMap<Schema, ReadonlyMap<string, PlainField> | null>()

/**
 * The fields of a row schema that takes each cell by itself and changes none, so that whole columns can be checked
 * instead of rows; undefined for any other, and for schemas of other libraries than zod: these tell nothing of
 * refinements.
 */
export function plainFields(schema: Schema): ReadonlyMap<string, PlainField> | undefined {
  let fields = known.get(schema)
  if (fields === undefined) {
    fields = read(schema as unknown as Partial<ZodSchema>) ?? null
    known.set(schema, fields)
  }
  return fields ?? undefined
}

function read({ _zod }: Partial<ZodSchema>): ReadonlyMap<string, PlainField> | undefined {
  if (_zod === undefined || !isOfZod(_zod)) return undefined
  const { def } = _zod
  // A row without a catch-all loses what is not declared.
  if (def.type !== 'object' || def.checks?.length || def.catchall !== undefined) return undefined
  const fields = new Map<string, PlainField>()
  for (const [name, schema] of Object.entries(def.shape ?? {})) {
    const field = fieldOf(schema)
    if (field === undefined) return undefined
    fields.set(name, field)
  }
  return fields
}
