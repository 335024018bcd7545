import { dirname, resolve } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import type { EncodeContext, Kind } from '../artifact/kind.ts'
import { snapshotDirectory, type DirectoryHandle } from '../artifact/directory.ts'
import { isFileKind, snapshotFile, type FileHandle } from '../artifact/file.ts'
import type { ForeignModel } from '../artifact/foreign-model.ts'
import { itemKind } from '../artifact/list.ts'
import { isForeignModelKind } from '../artifact/model.ts'
import { isMetricsKind, metrics } from '../artifact/metrics.ts'
import { outputSchema } from '../artifact/schema.ts'
import type { Stored } from '../artifact/stored.ts'
import { isTableKind, table, type Table } from '../artifact/table.ts'
import type { AnyStep } from '../define/step.ts'
import { placed } from '../execute/error-record.ts'
import type { Value } from '../record/event.ts'

/**
 * What a test gives for an input: a path for a file, a directory or a model that is files (or its bytes), rows for a table (as a step receives them: the
 * producer's schema has given them), else the value.
 */
type TestInput<T> = T extends FileHandle | DirectoryHandle
  ? T | string
  : T extends ForeignModel
    ? T | string | Uint8Array
    : T extends Table<infer Row>
      ? T | readonly Row[]
      : T extends readonly (infer E extends Stored<string>)[]
        ? readonly TestInput<E>[]
        : T

/**
 * The inputs of a step as a test gives them.
 *
 * @example
 * ```ts
 * await testStep(load, { csv: 'test/ten-rows.csv' }) // a path for a file
 * await testStep(split, { rows: [{ radius: 17.99, texture: 10.38, malignant: true }] }) // rows for a table
 * ```
 */
export type TestInputs<In> = { readonly [K in keyof In]: TestInput<In[K]> }

/** The kind of what a step receives: rows and metrics that a schema gave are not transformed once more. */
function received(kind: Kind<unknown, never>): Kind<unknown, never> {
  if (isTableKind(kind)) return table(outputSchema(kind.row)) as Kind<unknown, never>
  if (!isMetricsKind(kind)) return kind
  const fields = Object.entries(kind.fields).map(([name, schema]) => [name, outputSchema(schema)])
  return metrics(Object.fromEntries(fields) as typeof kind.fields) as Kind<unknown, never>
}

/** What is wrong with a given input, with its place; kinds take what they store for outputs. */
function atInput(error: unknown, step: string, input: string): unknown {
  const isTaken = PipewrightError.isInstance(error) && error.code === 'OUTPUT_INVALID'
  return placed(error, `step '${step}', input '${input}'`, { input }, isTaken ? 'INPUT_INVALID' : undefined)
}

/** Reads what stands at a path; the error of a run where it cannot. */
async function atPath<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (PipewrightError.isInstance(error)) throw error
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    throw new PipewrightError(
      'SOURCE_UNREADABLE',
      `${path} ${isMissing ? 'does not exist' : `cannot be read: ${(error as Error).message}`}`,
      {
        fix: isMissing
          ? `give a path that exists; it is looked up from ${process.cwd()}`
          : 'check the path and its permissions',
        details: { path },
        cause: error,
      },
    )
  }
}

async function toValue(kind: Kind<unknown, never>, given: unknown, context: EncodeContext): Promise<Value> {
  const writer = context.blobs
  const item = itemKind(kind)
  if (item !== undefined && Array.isArray(given)) {
    const list: Value[] = []
    for (const element of given as unknown[]) list.push(await toValue(item, element, context))
    return { list }
  }
  if (kind.name === 'json')
    return given === undefined ? { absent: true } : { value: JSON.parse(canonicalJson(given)) as Json }
  if (typeof given === 'string' && isFileKind(kind))
    return { artifact: await atPath(given, () => snapshotFile(given, kind.mediaType, writer)) }
  if (typeof given === 'string' && kind.name === 'directory')
    return { artifact: await atPath(given, () => snapshotDirectory(given, writer)) }
  if (typeof given === 'string' && isForeignModelKind(kind)) {
    const workdir = (): Promise<string> => Promise.resolve(dirname(resolve(given)))
    return { artifact: await kind.encode(resolve(given) as never, { ...context, workdir }) }
  }
  return { artifact: await received(kind).encode(given, context) }
}

/** What a test gives for the inputs of a step, as a run would have stored it. */
export async function encodeInputs(
  step: AnyStep,
  inputs: Readonly<Record<string, unknown>>,
  context: EncodeContext,
): Promise<Record<string, Value>> {
  for (const name of Object.keys(inputs)) {
    if (!Object.hasOwn(step.inputs, name)) {
      throw new PipewrightError('UNKNOWN_INPUT', `step '${step.name}' has no input '${name}'`, {
        fix: didYouMean(name, Object.keys(step.inputs)),
      })
    }
  }
  const values: Record<string, Value> = {}
  for (const [name, kind] of Object.entries(step.inputs)) {
    const given = own(inputs, name)
    if (given === undefined && !step.optional.has(name))
      throw new PipewrightError('MISSING_INPUT', `step '${step.name}': input '${name}' is missing`, {
        fix: `give { ${name}: … }`,
      })
    try {
      values[name] = await toValue(kind, given, context)
    } catch (error) {
      throw atInput(error, step.name, name)
    }
  }
  return values
}
