import type { Json } from '../internal/json.ts'
import { askPython, type PythonQuestion } from './ask-python.ts'
import type { Interpreter } from './interpreter.ts'

/** What an annotation says; `any` where it says nothing that is known here. */
export type PythonType =
  | { readonly type: 'any' | 'int' | 'float' | 'str' | 'bool' | 'none' | 'table' | 'path' }
  | { readonly type: 'list' | 'dict'; readonly of: PythonType }
  | { readonly type: 'union'; readonly of: readonly PythonType[] }
  | { readonly type: 'literal'; readonly of: readonly Json[] }
  | {
      readonly type: 'record'
      readonly fields: Readonly<Record<string, PythonType & { readonly required: boolean }>>
    }

/** The parameters and the result of a function, as its text has them. */
export interface PythonSignature {
  readonly file: string
  readonly line: number
  readonly parameters: readonly (PythonType & { readonly name: string; readonly required: boolean })[]
  /** Parameters that no name can be given for. */
  readonly positional: readonly string[]
  /** It takes any other name too. */
  readonly rest: boolean
  readonly returns: PythonType
}

/** The signature of a function; null where the text does not tell it. */
export async function signatureOf(
  interpreter: Interpreter,
  question: PythonQuestion,
  root: string,
): Promise<PythonSignature | null> {
  return (await askPython('pipewright_signature.py', interpreter, question, root)) as PythonSignature | null
}
