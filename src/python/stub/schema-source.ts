import type { Json } from '../../internal/json.ts'
import { asTuple, partsOf } from '../signature/plain-data.ts'
import { className, pythonText } from '../signature/python-text.ts'
import type { PythonField, PythonLiteral, PythonRecord, PythonType } from '../signature/signature.ts'
import { isOfType } from './default-fit.ts'
import type { Identifiers } from './identifiers.ts'
import { jsonText, keyText, listed, textLiteral, wrapped, type Entry, type Source } from './source.ts'

/** A schema that has a name of its own, for a class of Python. */
export interface SchemaConstant {
  readonly name: string
  readonly doc: string | undefined
  readonly value: Source
}

/** What a schema is for: values of JSON, or rows of a table, whose cells may be dates. */
type Use = 'json' | 'row'

/** Says why a schema says less than it could. */
export type Say = (why: string) => void

const scalars: Readonly<Partial<Record<PythonType['type'], string>>> = {
  int: 'z.int()',
  float: 'z.number()',
  str: 'z.string()',
  bool: 'z.boolean()',
  none: 'z.null()',
}

const inside: Readonly<Partial<Record<PythonType['type'], string>>> = {
  bytes: 'JSON has no bytes: a file, or base64, has',
  datetime: 'JSON has no dates and times: texts (isoformat) do',
  table: 'a frame inside of another value: an output or input of its own may be one',
}

/** The schemas of Python's types; classes become constants, in the order in which they need each other. */
export class Schemas {
  readonly constants: SchemaConstant[] = []
  readonly #identifiers: Identifiers
  #isUsed = false
  readonly #names = new Map<string, string>()

  constructor(identifiers: Identifiers) {
    this.#identifiers = identifiers
  }

  /** Whether any was made. */
  get isUsed(): boolean {
    return this.#isUsed
  }

  /** The schema of rows of which nothing is known: all columns pass, and none can be relied on. */
  anyRow(): string {
    this.#isUsed = true
    return 'z.looseObject({})'
  }

  /** The schema of a type; what it does not tell is any JSON. */
  of(type: PythonType, say: Say, use: Use = 'json'): Source {
    this.#isUsed = true
    switch (type.type) {
      case 'any':
        say(type.why)
        return 'z.json()'
      case 'list':
        return wrapped('z.array(', this.of(type.of, say), ')')
      case 'dict':
        return wrapped('z.record(z.string(), ', this.of(type.of, say), ')')
      case 'tuple':
        return listed(
          'z.tuple([',
          type.of.map((one) => this.of(one, say)),
          '])',
        )
      case 'union':
        return this.#union(type.of, say, use)
      case 'literal':
        return type.class === undefined
          ? literal(type)
          : this.#constant(type.class, type, () => literal(type))
      case 'record':
        return this.#record(type, say, use)
      case 'path':
      case 'directory':
      case 'model':
        say('a path inside of another value: a text')
        return 'z.string()'
      default:
        if (type.type === 'datetime' && use === 'row') return 'z.date()'
        if (scalars[type.type] === undefined) say(inside[type.type]!)
        return scalars[type.type] ?? 'z.json()'
    }
  }

  /** The schema of a field or parameter, with its default and what is said of it. */
  field(field: PythonField, say: Say, use: Use = 'json'): Source {
    const described = (source: Source): Source =>
      field.doc === undefined ? source : wrapped('', source, `.describe(${textLiteral(field.doc)})`)
    return described(this.#withDefault(this.of(field, say, use), field, say))
  }

  /** The members of an object, with what is to be said of each. */
  entries(fields: Readonly<Record<string, PythonField>>, use: Use = 'json'): Entry[] {
    return Object.entries(fields).map(([name, field]) => {
      const comments: string[] = []
      const value = this.field(field, (why) => comments.push(why), use)
      return { comments, key: keyText(name), value }
    })
  }

  #withDefault(source: Source, field: PythonField, say: Say): Source {
    const { default: value, made, required } = field
    if (made !== undefined) say(`its default is left to Python: ${made}`)
    else if (value !== undefined && isOfType(value, field)) return withDefault(source, value, field)
    else if (value === null) return wrapped('', source, '.nullable().default(null)')
    else if (value !== undefined) say(`its default ${JSON.stringify(value)} is no ${pythonText(field)}`)
    return required ? source : wrapped('', source, '.optional()')
  }

  #union(types: readonly PythonType[], say: Say, use: Use): Source {
    const unknown = types.find((one) => one.type === 'any')
    if (unknown !== undefined) return this.of(unknown, say)
    const hasNull = types.some((one) => one.type === 'none')
    const hasFloat = types.some((one) => one.type === 'float')
    const others = types.filter((one) => one.type !== 'none' && !(hasFloat && one.type === 'int'))
    const plain = others.filter(
      (one): one is PythonLiteral => one.type === 'literal' && one.class === undefined,
    )
    const merged: PythonLiteral = { type: 'literal', of: [...new Set(plain.flatMap((one) => one.of))] }
    const apart = others.filter((one) => one.type !== 'literal' || one.class !== undefined)
    const schemas = [...apart, ...(plain.length === 0 ? [] : [merged])].map((one) => this.of(one, say, use))
    const unique = [...new Map(schemas.map((one) => [JSON.stringify(one), one])).values()]
    if (unique.length === 0) return 'z.null()'
    const either = unique.length === 1 ? unique[0]! : listed('z.union([', unique, '])')
    return hasNull ? wrapped('', either, '.nullable()') : either
  }

  #record(record: PythonRecord, say: Say, use: Use): Source {
    if (record.form === 'NamedTuple' && use === 'json') return this.of(asTuple(record), say)
    const object = (): Source => ({
      open: 'z.object({',
      entries: this.entries(record.fields, use),
      close: '})',
    })
    if (record.class === undefined) return object()
    // As rows a class may have other cells than as JSON.
    const isOther = use === 'row' && (record.form === 'NamedTuple' || holdsDates(record))
    return this.#constant(`${record.class}${isOther ? ' as row' : ''}`, record, object)
  }

  #constant(key: string, type: PythonRecord | PythonLiteral, make: () => Source): string {
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const name = this.#identifiers.take(className(type.class!), key === type.class ? 'Schema' : 'Row')
    this.#names.set(key, name)
    const doc = type.type === 'record' ? type.classDoc : undefined
    this.constants.push({ name, doc, value: make() })
    return name
  }
}

function literal({ of: values }: PythonLiteral): Source {
  if (values.length === 1) return `z.literal(${jsonText(values[0]!)})`
  const isText = values.every((one) => typeof one === 'string')
  return listed(isText ? 'z.enum([' : 'z.literal([', values.map(jsonText), '])')
}

function withDefault(source: Source, value: Json, type: PythonType): Source {
  // A default is what a schema gives: where members have defaults of their own, this is what it takes.
  const isTaken = value !== null && holds(type, (one) => one.type === 'record')
  return wrapped('', source, `.${isTaken ? 'prefault' : 'default'}(${jsonText(value)})`)
}

function holdsDates(type: PythonType): boolean {
  return holds(type, (one) => one.type === 'datetime')
}

function holds(type: PythonType, test: (one: PythonType) => boolean): boolean {
  return test(type) || partsOf(type).some((one) => holds(one, test))
}
