import { EventEmitter } from 'node:events'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import type { Digest } from '../internal/digest.ts'
import type { BlobReader, BlobWriter } from '../artifact/blob.ts'
import type { JsonKind } from '../artifact/json.ts'
import { deepFreeze } from '../internal/freeze.ts'
import type { DecodeContext, EncodeContext, Kind } from '../artifact/kind.ts'
import { itemKind } from '../artifact/list.ts'
import type { AnyPredictor } from '../artifact/predictor.ts'
import { check, issueLines } from '../artifact/schema.ts'
import { isStored } from '../artifact/stored.ts'
import type { Kinds } from '../define/spec.ts'
import type { AnyStep } from '../define/step.ts'
import type { Value, Values } from '../record/event.ts'
import { placed } from './error-record.ts'
import type { JsonValues } from './json-values.ts'

/** What values are read with. */
export interface ValueReader {
  readonly blobs: BlobReader
  readonly json: JsonValues
  readonly workdir: () => Promise<string>
  readonly predictorDigest: (predictor: AnyPredictor) => Promise<Digest>
}

async function parse(kind: JsonKind<unknown>, data: unknown): Promise<unknown> {
  const result = await check(kind.schema, data)
  if (result.ok) return deepFreeze(result.value)
  throw new PipewrightError(
    'INPUT_INVALID',
    `the value does not fit the schema:\n${issueLines(result.issues)}`,
    { details: { issues: result.issues } },
  )
}

async function decodeValue(
  value: Value,
  kind: Kind<unknown, never>,
  name: string,
  reader: ValueReader,
): Promise<unknown> {
  if (kind.name === 'json') return parse(kind as JsonKind<unknown>, await reader.json.load(value))
  if ('absent' in value) {
    throw new PipewrightError('INPUT_INVALID', `a ${kind.name} is needed, but it was skipped`, {
      fix: 'wire an output that always exists, or put the step into the same branch',
    })
  }
  if ('list' in value) {
    const item = itemKind(kind)
    if (item === undefined)
      throw new PipewrightError('KIND_MISMATCH', `a ${kind.name} is needed, not a list`, {
        fix: 'declare the input as list(…)',
      })
    const items: unknown[] = []
    for (const [index, element] of value.list.entries())
      items.push(await decodeValue(element, item, `${name}[${index}]`, reader))
    return items
  }
  if (!('artifact' in value) || value.pick !== undefined || value.artifact.kind !== kind.name) {
    const what = 'artifact' in value && value.pick === undefined ? value.artifact.kind : 'json'
    throw new PipewrightError('KIND_MISMATCH', `a ${kind.name} is needed, but the value is a ${what}`, {
      fix: 'wire an output of the right kind',
    })
  }
  const context: DecodeContext = {
    blobs: reader.blobs,
    name,
    workdir: reader.workdir,
    predictorDigest: reader.predictorDigest,
  }
  return kind.decode(value.artifact, context)
}

/** Gives a step its inputs: decoded, parsed by its schemas, json frozen. Errors name step, node and input. */
export async function decodeInputs(
  kinds: Kinds,
  values: Values,
  owner: string,
  reader: ValueReader,
): Promise<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(kinds)) {
    try {
      const input = await decodeValue(own(values, name) ?? { absent: true }, kind, name, reader)
      if (input !== undefined) inputs[name] = input
    } catch (error) {
      throw placed(error, `${owner}, input '${name}'`, { input: name })
    }
  }
  return inputs
}

/** Checks and stores what a step returned. Errors name step, node and output. */
export async function encodeOutputs(
  step: AnyStep,
  returned: unknown,
  owner: string,
  { data, ...context }: EncodeContext & { readonly data: BlobWriter },
  signal: AbortSignal,
): Promise<Values> {
  const names = Object.keys(step.outputs)
  if (returned !== undefined && (typeof returned !== 'object' || returned === null)) {
    throw new PipewrightError(
      'OUTPUT_INVALID',
      `${owner} returned ${returned === null ? 'null' : `a ${typeof returned}`}, not a record of outputs`,
      {
        fix: names.length === 0 ? 'return nothing, or declare outputs' : `return { ${names.join(', ')} }`,
      },
    )
  }
  const record = (returned ?? {}) as Readonly<Record<string, unknown>>
  for (const name of Object.keys(record)) {
    if (!names.includes(name)) {
      throw new PipewrightError(
        'OUTPUT_INVALID',
        `${owner} returned '${name}', which is not a declared output`,
        { fix: didYouMean(name, names), details: { output: name } },
      )
    }
  }
  // A stream that fails before its turn must not end the process: whoever reads it is told.
  for (const stream of streamsIn(record))
    if (stream instanceof EventEmitter) stream.on('error', () => undefined)
  const outputs: Record<string, Value> = {}
  for (const name of names) {
    const kind = step.outputs[name]!
    const value = own(record, name)
    try {
      if (value === undefined) outputs[name] = await absent(kind)
      else {
        const into = isData(kind) ? { ...context, blobs: data } : context
        outputs[name] = { artifact: await kind.encode(stoppable(value, kind, signal), into) }
      }
    } catch (error) {
      throw placed(error, `${owner}, output '${name}'`, { output: name })
    }
  }
  return outputs
}

/** What is recorded, shown and compared, and not only handed on. */
function isData(kind: Kind<unknown, never>): boolean {
  const item = itemKind(kind)
  return item === undefined ? ['json', 'metrics', 'report'].includes(kind.name) : isData(item)
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && !isStored(value)
}

/** Streams among what a step returned, also in lists. */
function streamsIn(returned: Readonly<Record<string, unknown>>): AsyncIterable<unknown>[] {
  return Object.values(returned)
    .flatMap((value) => (Array.isArray(value) && value.length < mostStreams ? (value as unknown[]) : [value]))
    .filter(isStream)
}

/** Longer lists are of data. */
const mostStreams = 10_000

/** A returned stream of rows or bytes that ends with its attempt, also where the step waits for ever. */
function stoppable(value: unknown, kind: Kind<unknown, never>, signal: AbortSignal): unknown {
  const item = itemKind(kind)
  if (item !== undefined && Array.isArray(value))
    return (value as unknown[]).map((element) => stoppable(element, item, signal))
  return isStream(value) ? untilAborted(value, signal) : value
}

async function* untilAborted(source: AsyncIterable<unknown>, signal: AbortSignal): AsyncGenerator<unknown> {
  // One promise for each item: one for all of them would keep them all.
  let fail: (reason: unknown) => void = () => undefined
  const onAbort = (): void => fail(signal.reason)
  signal.addEventListener('abort', onAbort)
  const iterator = source[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await new Promise<IteratorResult<unknown>>((resolve, reject) => {
        fail = reject
        if (signal.aborted) reject(signal.reason)
        else iterator.next().then(resolve, reject)
      })
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not awaited: a generator that waits for something hears of it only afterwards.
    void Promise.resolve(iterator.return?.()).catch(() => undefined)
  }
}

async function absent(kind: Kind<unknown, never>): Promise<Value> {
  if (kind.name === 'json' && (await check((kind as JsonKind<unknown>).schema, undefined)).ok)
    return { absent: true }
  throw new PipewrightError('OUTPUT_INVALID', 'the output is missing', {
    fix: 'return it, or let its schema accept undefined',
  })
}
