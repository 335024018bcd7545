import { canonicalJson } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import type { FileHandle } from '../artifact/file.ts'
import type { DirectoryHandle } from '../artifact/directory.ts'
import { itemKind } from '../artifact/list.ts'
import type { JsonKind } from '../artifact/json.ts'
import type { Kind } from '../artifact/kind.ts'
import { check, issueLines, type SchemaIssue } from '../artifact/schema.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import { misnamedProperties } from './misnamed.ts'

/** What a caller gives for an input of type T: a path for a file or a directory, else the value. */
type GivenValue<T> = T extends FileHandle | DirectoryHandle
  ? string
  : T extends readonly (FileHandle | DirectoryHandle)[]
    ? readonly string[]
    : T

/** What a caller of a pipeline gives: json values, and paths for files and directories. */
export type Given<In> = { readonly [K in keyof In]: GivenValue<In[K]> }

interface Problem extends SchemaIssue {
  readonly input: string
}

function givenValue(
  kind: Kind<unknown, never>,
  value: unknown,
  input: string,
  problems: Problem[],
  owner: string,
): Json | undefined {
  if (kind.name === 'json') return jsonValue(kind as never, value, input, problems, owner)
  const item = itemKind(kind)
  if (item !== undefined) {
    if (Array.isArray(value))
      return value.map(
        (element, index) =>
          // JSON has no undefined: an item that may be left out is none.
          givenValue(item, element, `${input}[${index}]`, problems, owner) ?? null,
      )
    const items = item.name === 'json' ? 'a list' : 'a list of paths'
    problems.push({ input, path: '', message: `is a list of ${item.name} values: give ${items}` })
    return null
  }
  if (typeof value === 'string' && value !== '') return value
  problems.push({
    input,
    path: '',
    message: `is a ${kind.name}: give its path as a string, not ${value === null ? 'null' : typeof value}`,
  })
  return null
}

function jsonValue(
  kind: JsonKind<unknown>,
  value: unknown,
  input: string,
  problems: Problem[],
  owner: string,
): Json | undefined {
  const result = check(kind.schema, value)
  if (result instanceof Promise) {
    result.catch(() => undefined)
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${owner}: the schema of input '${input}' is asynchronous`,
      {
        fix: 'check what needs waiting for in a step; the schema of a pipeline input is synchronous',
      },
    )
  }
  if (!result.ok) {
    const misnamed = misnamedProperties(value, kind.declare().schema)
    const hints = misnamed.map(({ path, name, meant }) => ({
      path,
      message: `'${name}' is no property of it: did you mean '${meant}'?`,
    }))
    problems.push(...[...result.issues, ...hints].map((issue) => ({ ...issue, input })))
    return null
  }
  if (result.value === undefined) return undefined
  try {
    return JSON.parse(canonicalJson(result.value)) as Json
  } catch (error) {
    if (!PipewrightError.isInstance(error)) throw error
    const [problem = ''] = error.message.split('\nFix: ')
    problems.push({ input, path: '', message: problem })
    return null
  }
}

/**
 * Checks what a caller gives against the declared inputs of a pipeline and returns the parsed json values and
 * the paths. Every problem of every input is reported in one `INPUT_INVALID`. What is `known` need not be given.
 */
export function checkInputs(
  pipeline: AnyPipeline,
  given: Readonly<Record<string, unknown>>,
  known: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, Json>> {
  const owner = `pipeline '${pipeline.name}'`
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new PipewrightError('INPUT_INVALID', `${owner} was given no record of inputs`, {
      fix: `give { ${Object.keys(pipeline.inputs)
        .map((name) => `${name}: …`)
        .join(', ')} }`,
      details: { pipeline: pipeline.name, issues: [] },
    })
  }
  const names = Object.keys(pipeline.inputs)
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      throw new PipewrightError('UNKNOWN_INPUT', `${owner} has no input '${name}'`, {
        fix: didYouMean(name, names),
        details: { input: name },
      })
    }
  }
  const problems: Problem[] = []
  const values: Record<string, Json> = {}
  for (const [name, kind] of Object.entries(pipeline.inputs)) {
    const value = own(given, name)
    if (value === undefined && Object.hasOwn(known, name)) continue
    if (value === undefined && !pipeline.optional.has(name)) {
      problems.push({ input: name, path: '', message: 'is missing' })
      continue
    }
    const parsed = givenValue(kind, value, name, problems, owner)
    if (parsed !== undefined) values[name] = parsed
  }
  if (problems.length > 0) {
    const issues = problems.map((problem) => ({
      path: `${problem.input}${problem.path}`,
      message: problem.message,
    }))
    throw new PipewrightError(
      'INPUT_INVALID',
      `${owner} cannot start, its inputs are not right:\n${issueLines(issues)}`,
      {
        details: { pipeline: pipeline.name, issues },
      },
    )
  }
  return values
}
