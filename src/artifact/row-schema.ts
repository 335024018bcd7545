import type { JsonObject } from '../internal/json.ts'
import { jsonSchemaOf, type Schema } from './schema.ts'
import type { ColumnType } from './table-columns.ts'

/** What JSON Schema tells of a row: the types of its properties (`unknown`: any), and which must be there. */
export interface RowShape {
  readonly properties: ReadonlyMap<string, readonly string[]>
  readonly required: ReadonlySet<string>
  /** The types of properties that are not declared; undefined where none is said to be kept. */
  readonly others?: readonly string[] | undefined
}

interface Node {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly allOf?: readonly Node[]
  readonly anyOf?: readonly Node[]
  readonly oneOf?: readonly Node[]
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Node
}

/** A schema that refers to itself is not followed further than this. */
const deepest = 16

const nothing: RowShape = { properties: new Map(), required: new Set() }

class Reader {
  readonly #root: JsonObject

  constructor(root: JsonObject) {
    this.#root = root
  }

  types(node: Node, depth = 0): readonly string[] {
    if (depth > deepest) return ['unknown']
    const target = this.#target(node)
    if (target !== undefined) return this.types(target, depth + 1)
    const { type, anyOf, oneOf, allOf } = node
    if (type !== undefined) return typeof type === 'string' ? [type] : type
    const choices = anyOf ?? oneOf
    if (choices !== undefined) return [...new Set(choices.flatMap((choice) => this.types(choice, depth + 1)))]
    if (allOf !== undefined) {
      const known = allOf
        .map((part) => this.types(part, depth + 1))
        .find((types) => !types.includes('unknown'))
      return known ?? ['unknown']
    }
    const values = node.enum ?? ('const' in node ? [node.const] : [])
    if (values.length === 0) return ['unknown']
    return [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))]
  }

  shape(node: Node, depth = 0): RowShape {
    if (depth > deepest) return nothing
    const target = this.#target(node)
    if (target !== undefined) return this.shape(target, depth + 1)
    const choices = (node.anyOf ?? node.oneOf ?? []).map((choice) => this.shape(choice, depth + 1))
    const parts = (node.allOf ?? []).map((part) => this.shape(part, depth + 1))
    const properties = new Map<string, readonly string[]>()
    const add = (name: string, types: readonly string[]): void => {
      properties.set(name, [...new Set([...(properties.get(name) ?? []), ...types])])
    }
    for (const [name, property] of Object.entries(node.properties ?? {})) add(name, this.types(property))
    for (const part of [...parts, ...choices]) for (const [name, types] of part.properties) add(name, types)
    // What one choice declares is an undeclared property of another.
    for (const { others, properties: own } of choices)
      if (others !== undefined) for (const name of properties.keys()) if (!own.has(name)) add(name, others)
    const inAll = [...(choices[0]?.required ?? [])].filter((name) =>
      choices.every(({ required }) => required.has(name)),
    )
    const required = new Set([
      ...(node.required ?? []),
      ...parts.flatMap((part) => [...part.required]),
      ...inAll,
    ])
    const others = [this.#others(node), ...[...parts, ...choices].map((part) => part.others)].filter(
      (types) => types !== undefined,
    )
    return { properties, required, others: others.length === 0 ? undefined : [...new Set(others.flat())] }
  }

  #others({ additionalProperties: others = false }: Node): readonly string[] | undefined {
    if (others === false) return undefined
    return others === true ? ['unknown'] : this.types(others)
  }

  #target({ $ref }: Node): Node | undefined {
    if ($ref === undefined || !$ref.startsWith('#')) return undefined
    let found: unknown = this.#root
    for (const part of $ref.split('/').slice(1)) {
      const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
      found = (found as Record<string, unknown> | undefined)?.[name]
    }
    return found as Node | undefined
  }
}

/** The shape of a row by its schema, through references, unions and intersections; undefined where it cannot tell. */
export function rowShape(row: Schema, side: 'input' | 'output'): RowShape | undefined {
  const schema = jsonSchemaOf(row, side)
  return schema === undefined ? undefined : new Reader(schema).shape(schema as Node)
}

/** The column types that the types of JSON Schema stand for. */
export const columnTypes: Readonly<Record<string, ColumnType>> = {
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  string: 'string',
  object: 'json',
  array: 'json',
}

/** The columns that a row schema declares, in its order. */
export function declaredColumns(row: Schema): Map<string, ColumnType> {
  const { properties } = rowShape(row, 'output') ?? nothing
  return new Map(
    [...properties].map(([name, types]) => {
      const type = types.find((candidate) => candidate in columnTypes)
      return [name, type === undefined ? 'string' : columnTypes[type]!]
    }),
  )
}
