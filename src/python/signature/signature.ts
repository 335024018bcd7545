import type { Json } from '../../internal/json.ts'
import { askPython } from '../ask-python.ts'
import type { Interpreter } from '../environment/interpreter.ts'
import type { PythonEntry } from '../python-workers.ts'

/** How a class writes down its fields; `dict` is a dict whose keys stand in the function that returns it. */
export type RecordForm = 'TypedDict' | 'dataclass' | 'NamedTuple' | 'BaseModel' | 'dict'

/** A class, or a dict, by its fields. */
export interface PythonRecord {
  readonly type: 'record'
  readonly form: RecordForm
  /** The name of the class, with its module. */
  readonly class?: string
  readonly classDoc?: string
  readonly fields: Readonly<Record<string, PythonField>>
}

/** Values of which one is meant: those of a Literal, or of an enumeration. */
export interface PythonLiteral {
  readonly type: 'literal'
  readonly of: readonly Json[]
  /** The name of the enumeration, with its module. */
  readonly class?: string
  /** Its members are not equal to their values. */
  readonly form?: 'Enum'
}

/** What an annotation says. */
export type PythonType = (
  | { readonly type: 'int' | 'float' | 'str' | 'bool' | 'none' | 'bytes' | 'datetime' | 'path' | 'directory' }
  /** A model that is files; of a format, where the annotation has it. */
  | { readonly type: 'model'; readonly format?: string }
  /** What nothing is known of, and why. */
  | { readonly type: 'any'; readonly why: string }
  /** A frame; of rows, where the annotation has them. */
  | { readonly type: 'table'; readonly of?: PythonRecord }
  | { readonly type: 'list' | 'dict'; readonly of: PythonType }
  | { readonly type: 'union' | 'tuple'; readonly of: readonly PythonType[] }
  | PythonLiteral
  | PythonRecord
) & {
  /** What is said of it in words. */
  readonly doc?: string
}

/** A field of a class, or a parameter. */
export type PythonField = PythonType & {
  readonly required: boolean
  readonly default?: Json
  /** The text of a default that JSON cannot tell. */
  readonly made?: string
}

/** A parameter of a function. */
export type PythonParameter = PythonField & { readonly name: string }

/** The parameters and the result of a function, as its text has them. */
export interface PythonSignature {
  readonly file: string
  readonly line: number
  readonly doc?: string
  readonly parameters: readonly PythonParameter[]
  /** Parameters that no name can be given for. */
  readonly positional: readonly string[]
  /** It takes any other name too. */
  readonly rest: boolean
  /** What arrives is made into instances of the annotated classes. */
  readonly validated?: true
  /** A decorator may change what is returned. */
  readonly wrapped?: true
  readonly returns: PythonType
}

/** The signatures of a module, or why it has none. */
export type ModuleSignatures =
  | {
      readonly problem?: never
      readonly file: string
      readonly functions: Readonly<Record<string, PythonSignature>>
      /** By name of a function that was asked for: why its text does not tell its signature. */
      readonly unread: Readonly<Record<string, string>>
      /** The public functions of the module. */
      readonly names: readonly string[]
    }
  | { readonly problem: 'absent' }
  | {
      readonly problem: 'syntax'
      readonly file: string
      readonly line: number
      readonly message: string
    }

/** The signatures of some functions of a module or script; null asks for those of all public ones. */
export async function moduleSignatures(
  interpreter: Interpreter,
  entry: PythonEntry,
  functions: readonly string[] | null,
  root: string,
): Promise<ModuleSignatures> {
  const question = { entry, functions }
  return (await askPython('pipewright_signature.py', interpreter, question, root)) as ModuleSignatures
}

/** What is said of a name that is nowhere in a module. */
export const notThere = 'is not there'
