import type { PythonSignature } from '../signature/signature.ts'
import { constantName, Identifiers, stepName } from './identifiers.ts'
import type { KeptOptions } from './kept-options.ts'
import { Schemas } from './schema-source.ts'
import { commentText, layout } from './source.ts'
import { noStep, StepSources, type StepEntry } from './step-source.ts'

/** A step that a stub defines. */
export interface StubStep {
  readonly name: string
  /** The constant of the module. */
  readonly constant: string
  readonly function: string
  readonly line: number
  /** What its text does not tell. */
  readonly notes: readonly string[]
}

/** A function that is no step. */
export interface SkippedFunction {
  readonly function: string
  readonly reason: string
}

/** A module of TypeScript that defines a step for each of some functions of Python. */
export interface Stub {
  readonly text: string
  readonly steps: readonly StubStep[]
  readonly skipped: readonly SkippedFunction[]
}

/** What a file begins with that is written again by the command behind it. */
export const stubMark = '// Written by: '

interface StubOptions {
  /** In the first line of the module. */
  readonly command: string
  readonly kept: KeptOptions
  readonly onlySteps: boolean
}

/** Writes the steps of some functions; where `onlySteps`, those that cannot be one are skipped. */
export function stubOf(
  functions: Readonly<Record<string, PythonSignature>>,
  entry: StepEntry,
  { command, kept, onlySteps }: StubOptions,
): Stub {
  const identifiers = new Identifiers()
  const schemas = new Schemas(identifiers)
  const sources = new StepSources(schemas, entry)
  const skipped: SkippedFunction[] = []
  const named: {
    readonly function: string
    readonly constant: string
    readonly signature: PythonSignature
  }[] = []
  for (const [name, signature] of Object.entries(functions)) {
    const reason = onlySteps ? noStep(signature) : undefined
    if (reason !== undefined) skipped.push({ function: name, reason })
    // Names of steps come first: one that a class takes away would change with the annotations.
    else named.push({ function: name, constant: identifiers.take(constantName(name), 'Step'), signature })
  }
  const definitions: string[] = []
  const steps = named.map(({ function: name, constant, signature }): StubStep => {
    const step = stepName(name)
    const { definition, notes } = sources.of(name, step, signature, kept.options.get(name))
    definitions.push(`export const ${constant} = ${layout(definition, '', Number.POSITIVE_INFINITY)}`)
    return { name: step, constant, function: name, line: signature.line, notes }
  })
  const constants = schemas.constants.map(({ name, doc, value }) => {
    const before = `export const ${name} = `
    const comment = doc === undefined ? '' : `${commentText(doc)}\n`
    return `${comment}${before}${layout(value, '', before.length)}`
  })
  const body = [...constants, ...definitions].join('\n\n')
  const imports = [...new Set(['definePythonStep', ...sources.kinds, ...kept.names])].sort().join(', ')
  const head = [
    commentText(`${stubMark.slice(3)}${command}`),
    '// Change the Python, and run that again: it keeps options of steps that were added here (timeout, retry).',
    `import { ${imports} } from 'pipewright'`,
    ...(schemas.isUsed ? ["import { z } from 'zod'"] : []),
    ...kept.imports,
  ]
  return { text: `${head.join('\n')}\n\n${body}\n`, steps, skipped }
}
