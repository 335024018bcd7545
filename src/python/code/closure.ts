import { askPython } from '../ask-python.ts'
import type { Interpreter } from '../environment/interpreter.ts'
import type { PythonEntry } from '../python-workers.ts'

/** A function of a project, by where it is loaded from. */
export interface PythonQuestion {
  readonly entry: PythonEntry
  /** Absent for a notebook. */
  readonly function?: string | undefined
}

/** A statement of a module that a function reaches, or an import that leads to one. */
export interface PythonPiece {
  readonly file: string
  readonly names: readonly string[]
  readonly digest: string
  /** Lines from 1, the last one included; 0 where it has no text of its own. */
  readonly start: number
  readonly end: number
}

/** What a function reaches of the Python of a project. */
export interface PythonClosure {
  readonly pieces: readonly PythonPiece[]
  /** The modules that do something when they are loaded, in that order. */
  readonly order: readonly string[]
  /** All files that it was read from. */
  readonly files: readonly string[]
  /** Modules that were installed. */
  readonly external: readonly string[]
  /** Modules that are imported and are nowhere. */
  readonly absent: readonly string[]
  /** By file: why all of it counts. */
  readonly whole: Readonly<Record<string, string>>
  /** By file: its code, where the file itself is a document that holds it. */
  readonly documents?: Readonly<Record<string, string>>
}

/** A closure, or why it cannot be told from all that is there; the cells of a notebook are told in any case. */
export type ClosureAnswer =
  | PythonClosure
  | ({ readonly everything: string } & Partial<Pick<PythonClosure, 'pieces' | 'documents'>>)

const known = new Map<string, { readonly looks: string; readonly answer: Promise<ClosureAnswer> }>()

/** What a function reaches, by the syntax trees of its project; asked again when `looks` are others. */
export function closureOf(
  interpreter: Interpreter,
  question: PythonQuestion,
  root: string,
  looks: string,
): Promise<ClosureAnswer> {
  const key = JSON.stringify([interpreter.executable, root, question])
  const found = known.get(key)
  if (found?.looks === looks) return found.answer
  const answer = ask(interpreter, question, root)
  known.set(key, { looks, answer })
  return answer
}

async function ask(interpreter: Interpreter, question: PythonQuestion, root: string): Promise<ClosureAnswer> {
  try {
    const program =
      question.entry.notebook === undefined ? 'pipewright_closure.py' : 'pipewright_notebook_closure.py'
    return (await askPython(program, interpreter, question, root)) as ClosureAnswer
  } catch (error) {
    return { everything: `its syntax cannot be read: ${(error as Error).message}` }
  }
}
