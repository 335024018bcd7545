import { readFile } from 'node:fs/promises'
import { PipewrightError } from '../../internal/error.ts'
import type { Json } from '../../internal/json.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { own } from '../../internal/own.ts'
import type { KindDeclaration } from '../../artifact/kind.ts'
import type { JsonKind } from '../../artifact/json.ts'
import { itemKind } from '../../artifact/list.ts'
import { check } from '../../artifact/schema.ts'
import type { AnyPipeline } from '../../define/runnable.ts'
import { misnamedProperties } from '../../plan/misnamed.ts'
import { printable } from '../../ui/text.ts'
import { inputText } from '../../ui/type-text.ts'
import { takesText } from './accepts-text.ts'
import { readInputs } from './inputs-file.ts'

/** Where a command line gives inputs. */
export interface InputOptions {
  /** `name=value`, each. */
  readonly input?: readonly string[]
  /** A JSON file, or `-` for standard input. */
  readonly inputs?: string
  /** Nothing is printed beside documents of JSON. */
  readonly json?: boolean
}

interface Assignment {
  readonly name: string
  readonly text: string
}

function assignment(given: string, pipeline: AnyPipeline): Assignment {
  const at = given.indexOf('=')
  const names = Object.keys(pipeline.inputs)
  const name = at < 0 ? given : given.slice(0, at)
  if (!names.includes(name)) {
    throw new PipewrightError('UNKNOWN_INPUT', `pipeline '${pipeline.name}' has no input '${name}'`, {
      fix: didYouMean(name, names),
      details: { input: name },
    })
  }
  if (at >= 0) return { name, text: given.slice(at + 1) }
  throw new PipewrightError('INPUT_INVALID', `--input ${given} gives no value`, {
    fix: `write --input ${name}=<${inputText(pipeline.inputs[name]!.declare())}>`,
    details: { input: name },
  })
}

async function readText(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new PipewrightError(
      'INPUT_INVALID',
      `input '${name}': the file ${path} cannot be read: ${(cause as Error).message}`,
      {
        fix: `give the path of a file after the @; a value that begins with @ is written ${name}=@@…`,
        cause,
      },
    )
  }
}

/** A value as its schema wants it: a text as it is, all else as JSON. */
function typedValue(
  text: string,
  { name, from }: { name: string; from: string },
  declaration: KindDeclaration,
): Json {
  const takes = takesText(declaration.schema)
  if (takes === 'text') return text
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    if (takes !== 'other') return text
    throw new PipewrightError('INPUT_INVALID', `input '${name}': ${from} is not JSON`, {
      fix: `give a value of ${inputText(declaration)}`,
      details: { input: name },
      cause,
    })
  }
}

async function jsonValue({ name, text }: Assignment, declaration: KindDeclaration): Promise<Json> {
  if (!text.startsWith('@'))
    return typedValue(text, { name, from: text === '' ? 'an empty value' : text }, declaration)
  if (text.startsWith('@@')) return typedValue(text.slice(1), { name, from: text.slice(1) }, declaration)
  const path = text.slice(1)
  return typedValue(await readText(path, name), { name, from: path }, declaration)
}

function twice(name: string): PipewrightError {
  return new PipewrightError('INPUT_INVALID', `input '${name}' is given twice`, {
    fix: 'give it once; a list is given as JSON',
    details: { input: name },
  })
}

/**
 * The inputs that a command line gives to a pipeline: `--input` over `--inputs`. A value is JSON unless the schema says
 * text, `@file` reads it from a file, and files and directories are given by path (several times for a list).
 */
export async function givenInputs(
  pipeline: AnyPipeline,
  options: InputOptions,
): Promise<Record<string, unknown>> {
  const given = await readInputs(options.inputs)
  const seen = new Set<string>()
  for (const each of options.input ?? []) {
    const { name, text } = assignment(each, pipeline)
    const kind = own(pipeline.inputs, name)!
    const item = itemKind(kind)
    const base = item ?? kind
    const isPath = base.name === 'file' || base.name === 'directory'
    if (item !== undefined && isPath && !text.startsWith('[')) {
      given[name] = [...(seen.has(name) ? (given[name] as string[]) : []), text]
      seen.add(name)
      continue
    }
    if (seen.has(name)) throw twice(name)
    seen.add(name)
    if (isPath && item === undefined) given[name] = text
    else given[name] = await jsonValue({ name, text }, item === undefined ? kind.declare() : { kind: 'list' })
  }
  if (options.json !== true) noteMisnamed(pipeline, given)
  return given
}

/** A property that the schema takes and leaves out was meant to be one that it knows. */
function noteMisnamed(pipeline: AnyPipeline, given: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(given)) {
    const kind = own(pipeline.inputs, name)
    if (kind?.name !== 'json') continue
    const result = check((kind as JsonKind<unknown>).schema, value)
    // What is refused is told with the error.
    if (result instanceof Promise || !result.ok) continue
    for (const one of misnamedProperties(value, kind.declare().schema)) {
      const place = `input ${name}${one.path}`
      process.stderr.write(
        printable(`note: ${place} has no property '${one.name}': did you mean '${one.meant}'?`) + '\n',
      )
    }
  }
}
