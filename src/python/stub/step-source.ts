import {
  dictText,
  instanceIn,
  instanceText,
  isInstance,
  isNoRecord,
  makingText,
  mayBeMissing,
  refusedIn,
  returnedRecord,
} from '../signature/plain-data.ts'
import { pythonText } from '../signature/python-text.ts'
import type { PythonField, PythonParameter, PythonSignature, PythonType } from '../signature/signature.ts'
import { fileKind, kindOf, type Kind } from './kind-of.ts'
import type { Say, Schemas } from './schema-source.ts'
import { keyText, textLiteral, wrapped, type Entry, type Source } from './source.ts'

/** Where a step's function is, as its definition says it. */
export type StepEntry = { readonly path: readonly string[] } & (
  | { readonly module: string; readonly script?: never }
  | { readonly script: string; readonly module?: never }
)

/** The definition of a step, and what its text does not tell. */
export interface StepSource {
  readonly definition: Source
  /** What a reader should know of it, each with the input or output that it is about. */
  readonly notes: readonly string[]
}

/** Writes the definitions of steps. */
export class StepSources {
  /** The kinds that they are made of. */
  readonly kinds = new Set<Kind['name']>()
  readonly #schemas: Schemas
  readonly #entry: StepEntry

  constructor(schemas: Schemas, entry: StepEntry) {
    this.#schemas = schemas
    this.#entry = entry
  }

  of(name: string, step: string, signature: PythonSignature, kept: readonly string[] = []): StepSource {
    const inputs = this.#inputs(signature)
    const outputs = this.#outputs(signature)
    const { module, script, path } = this.#entry
    const option = (key: string, value: Source): Entry => ({ key, value })
    const code =
      module === undefined ? option('script', textLiteral(script)) : option('module', textLiteral(module))
    const entries = [
      option('name', textLiteral(step)),
      ...(signature.doc === undefined ? [] : [option('description', textLiteral(signature.doc))]),
      ...(inputs.length === 0 ? [] : [option('inputs', { open: '{', entries: inputs, close: '}' })]),
      ...(outputs.length === 0 ? [] : [option('outputs', { open: '{', entries: outputs, close: '}' })]),
      code,
      option('function', textLiteral(name)),
      ...pathOption(path),
      ...kept.map((value): Entry => ({ value })),
    ]
    return {
      definition: { open: 'definePythonStep({', entries, close: '})' },
      notes: [...notesOf('input', inputs), ...notesOf('output', outputs)],
    }
  }

  #inputs({ positional, parameters, validated }: PythonSignature): Entry[] {
    return [
      ...positional.map((name): Entry => ({
        comments: [`'${name}' is taken by its place only, and inputs are given by name: take the '/' out`],
      })),
      ...parameters.map((one) => this.#input(one, validated === true)),
    ]
  }

  #input(parameter: PythonParameter, isValidated: boolean): Entry {
    const { name, default: value, made, required, doc } = parameter
    const comments: string[] = []
    const say: Say = (why) => comments.push(why)
    const kind = kindOf(name, parameter)
    if (kind !== undefined && !required) {
      const text = made ?? JSON.stringify(value)
      return {
        comments: [`'${name}' keeps its default, ${text}: an input that is a ${kind.name} must be given`],
      }
    }
    const instance = isValidated ? undefined : instanceIn(parameter)
    if (instance !== undefined)
      say(`plain data arrives, not ${instanceText(instance)}: ${makingText(instance, name)} makes it`)
    if (kind !== undefined) return this.#kindEntry(name, kind, doc, comments)
    return { about: name, comments, key: keyText(name), value: this.#schemas.field(parameter, say) }
  }

  #outputs({ returns, wrapped: isWrapped }: PythonSignature): Entry[] {
    const record = returnedRecord(returns)
    if (record === undefined) {
      if (returns.type === 'none') return []
      return [{ comments: [unknownOutputs(returns)] }]
    }
    const outputs = Object.entries(record.fields).map(([name, field]) => {
      const entry = this.#output(name, field, mayBeMissing(record, field))
      const refused = isInstance(record) || isWrapped === true ? undefined : refusedIn(field)
      if (refused === undefined) return entry
      const note = `JSON holds no instance of ${instanceText(refused)}: ${dictText(refused, 'value')} is plain data`
      return { ...entry, comments: [...(entry.comments ?? []), note] }
    })
    if (!isInstance(record) || isWrapped === true) return outputs
    const note = `a step's function returns a dict, not ${instanceText(record)}: return ${dictText(record, 'result')}`
    return [{ comments: [note] }, ...outputs]
  }

  #output(name: string, field: PythonField, isOptional: boolean): Entry {
    const comments: string[] = []
    const say: Say = (why) => comments.push(why)
    const kind = field.type === 'bytes' ? fileKind : kindOf(name, field)
    if (kind !== undefined) {
      if (isOptional) say(`it may not be there, and an output that is a ${kind.name} must be`)
      return this.#kindEntry(name, kind, field.doc, comments)
    }
    // What is returned has its defaults already.
    const { default: _default, made: _made, ...given } = field
    const value = this.#schemas.field({ ...given, required: !isOptional }, say)
    return { about: name, comments, key: keyText(name), value }
  }

  #kindEntry(name: string, kind: Kind, doc: string | undefined, comments: string[]): Entry {
    const value = this.#kind(kind, (why) => comments.push(why))
    // A kind has no description.
    return { about: name, ...(doc === undefined ? {} : { doc }), comments, key: keyText(name), value }
  }

  #kind(kind: Kind, say: Say): Source {
    this.kinds.add(kind.name)
    if (kind.name === 'list') return wrapped('list(', this.#kind(kind.of, say), ')')
    if (kind.name === 'model') {
      if (kind.format === undefined) say('its format is in no annotation: Annotated[Model, "onnx"] tells it')
      return `model({ format: ${textLiteral(kind.format ?? 'unknown')} })`
    }
    if (kind.name !== 'table') return `${kind.name}()`
    if (kind.row !== undefined) return wrapped('table(', this.#schemas.of(kind.row, say, 'row'), ')')
    say('its columns are in no annotation: Annotated[…, Row], with a TypedDict Row, tells them')
    return `table(${this.#schemas.anyRow()})`
  }
}

function unknownOutputs(returns: PythonType): string {
  return isNoRecord(returns)
    ? `it returns ${pythonText(returns)}, and a step's function returns a dict of its outputs`
    : 'nothing tells what it returns: annotate it with a TypedDict of its outputs'
}

/** Why a function cannot be a step as it is; undefined where it can. */
export function noStep({ returns }: PythonSignature): string | undefined {
  return returnedRecord(returns) === undefined && returns.type !== 'none'
    ? unknownOutputs(returns)
    : undefined
}

function pathOption(path: readonly string[]): Entry[] {
  if (path.length === 0 || (path.length === 1 && path[0] === '.')) return []
  const value = path.length === 1 ? textLiteral(path[0]!) : `[${path.map(textLiteral).join(', ')}]`
  return [{ key: 'path', value }]
}

function notesOf(what: string, entries: readonly Entry[]): string[] {
  return entries.flatMap(({ about, comments = [] }) =>
    comments.map((comment) => (about === undefined ? comment : `${what} '${about}': ${comment}`)),
  )
}
