import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import { snapshotDirectory } from '../artifact/directory.ts'
import { isFileKind, snapshotFile } from '../artifact/file.ts'
import type { Kind } from '../artifact/kind.ts'
import { itemKind } from '../artifact/list.ts'
import { isMetricsKind, metrics } from '../artifact/metrics.ts'
import { outputSchema } from '../artifact/schema.ts'
import type { Stored } from '../artifact/stored.ts'
import type { FileHandle } from '../artifact/file.ts'
import type { DirectoryHandle } from '../artifact/directory.ts'
import { isTableKind, table, type Table } from '../artifact/table.ts'
import type { Json } from '../internal/json.ts'
import type { AnyStep, Step } from '../define/step.ts'
import { attemptStep, type AttemptServices } from '../execute/attempt.ts'
import { CommitWriter, TieredReader, type PendingBlob } from '../execute/blobs.ts'
import type { LogLevel } from '../execute/context.ts'
import { placed } from '../execute/error-record.ts'
import { JsonValues } from '../execute/json-values.ts'
import { inlineRunner } from '../execute/runner.ts'
import { compileStep } from '../plan/compile.ts'
import type { RegistryPort } from '../registry/registry.ts'
import type { MetricSummary, Value } from '../record/event.ts'
import { memoryStore } from '../store/memory-store.ts'
import { decodeRunOutputs } from '../workspace/outputs.ts'

/**
 * What a test gives for an input: a path for a file or a directory, rows for a table (as a step receives them: the
 * producer's schema has given them), else the value.
 */
type TestInput<T> = T extends FileHandle | DirectoryHandle
  ? T | string
  : T extends Table<infer Row>
    ? T | readonly Row[]
    : T extends readonly (infer E extends Stored<string>)[]
      ? readonly TestInput<E>[]
      : T

/** The inputs of a step as a test gives them. */
export type TestInputs<In> = { readonly [K in keyof In]: TestInput<In[K]> }

/** What a test may say about the attempt. */
export interface TestStepOptions {
  /** The number of the attempt. Default 1. */
  readonly attempt?: number
  /** Default `test`. */
  readonly node?: string
  readonly run?: { readonly id: string; readonly pipeline: string }
  readonly idempotencyKey?: string
  /** The seed of `ctx.random`. Default `test`. */
  readonly seed?: string
  /** What `ctx.now()` returns. Default: the time of the call. */
  readonly now?: Date
  readonly signal?: AbortSignal
  /** Stands in for the registry of the workspace, in steps made by `registerModel`. Default: an empty one. */
  readonly registry?: unknown
}

/** What a tested step did. */
export interface TestStepResult<Out> {
  readonly outputs: Out
  readonly logs: readonly {
    readonly level: LogLevel
    readonly message: string
    readonly fields: Readonly<Record<string, unknown>> | undefined
  }[]
  readonly metrics: Readonly<Record<string, MetricSummary>>
  readonly params: Readonly<Record<string, Json>>
  readonly progress: readonly { readonly done: number; readonly total: number }[]
  readonly reports: number
}

/** The kind of what a step receives: rows and metrics that a schema gave are not transformed once more. */
function received(kind: Kind<unknown, never>): Kind<unknown, never> {
  if (isTableKind(kind)) return table(outputSchema(kind.row)) as Kind<unknown, never>
  if (!isMetricsKind(kind)) return kind
  const fields = Object.entries(kind.fields).map(([name, schema]) => [name, outputSchema(schema)])
  return metrics(Object.fromEntries(fields) as typeof kind.fields) as Kind<unknown, never>
}

/** The registry of a step that is tested without one: empty, so that every model is its first version. */
const emptyRegistry: RegistryPort = {
  registerModel: (entry, alias) =>
    Promise.resolve({ ...entry, version: 1, aliases: alias === undefined ? [] : [alias] }),
  modelVersions: () => Promise.resolve([]),
}

/** What is wrong with a given input, with its place; kinds take what they store for outputs. */
function atInput(error: unknown, step: string, input: string): unknown {
  const isTaken = PipewrightError.isInstance(error) && error.code === 'OUTPUT_INVALID'
  return placed(error, `step '${step}', input '${input}'`, { input }, isTaken ? 'INPUT_INVALID' : undefined)
}

async function toValue(
  kind: Kind<unknown, never>,
  given: unknown,
  writer: CommitWriter,
  services: AttemptServices,
  folder: string,
): Promise<Value> {
  const item = itemKind(kind)
  if (item !== undefined && Array.isArray(given)) {
    const list: Value[] = []
    for (const element of given as unknown[])
      list.push(await toValue(item, element, writer, services, folder))
    return { list }
  }
  if (kind.name === 'json')
    return given === undefined ? { absent: true } : { value: JSON.parse(canonicalJson(given)) as Json }
  if (typeof given === 'string' && isFileKind(kind))
    return { artifact: await snapshotFile(given, kind.mediaType, writer) }
  if (typeof given === 'string' && kind.name === 'directory')
    return { artifact: await snapshotDirectory(given, writer) }
  const context = {
    blobs: writer,
    workdir: () => Promise.resolve(folder),
    predictorDigest: services.predictorDigest,
  }
  return { artifact: await received(kind).encode(given, context) }
}

/**
 * Runs one step as a run would: inputs are checked and decoded, outputs checked, stored and read back, all in
 * memory. Throws what the step throws, and the same `INPUT_INVALID`, `OUTPUT_INVALID` and `VALUE_NOT_STORABLE` as a
 * run.
 *
 * Json inputs are parsed by the step's schemas. Rows and metrics are what a producer's schema gave: they are checked
 * against the declaration and not transformed again. What is given is copied, not frozen.
 *
 * @example
 * ```ts
 * const { outputs, logs } = await testStep(evaluate, { model: classifier.of(state), rows: [{ x: 1, y: true }] })
 * expect(outputs.accuracy).toBe(1)
 * ```
 */
export async function testStep<In, Out, Run>(
  step: Step<In, Out, Run>,
  inputs: TestInputs<NoInfer<In>>,
  options: TestStepOptions = {},
): Promise<TestStepResult<Out>> {
  const target = step as unknown as AnyStep
  for (const name of Object.keys(inputs)) {
    if (!Object.hasOwn(target.inputs, name)) {
      throw new PipewrightError('UNKNOWN_INPUT', `step '${step.name}' has no input '${name}'`, {
        fix: didYouMean(name, Object.keys(target.inputs)),
      })
    }
  }
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-test-'))
  const store = memoryStore()
  const small = new Map<Digest, Uint8Array>()
  const commit = (blobs: readonly PendingBlob[]): void => {
    for (const { digest, bytes } of blobs) small.set(digest, bytes)
  }
  const reader = new TieredReader(
    { blob: (digest) => Promise.resolve(small.get(digest)), dropBlob: () => Promise.resolve() },
    store,
  )
  const services: AttemptServices = {
    root: folder,
    store,
    reader,
    json: new JsonValues(reader),
    runner: inlineRunner,
    ports: { registry: options.registry ?? emptyRegistry },
    predictorDigest: (predictor) => Promise.resolve<Digest>(sha256(String(predictor.predict))),
  }
  const logs: { level: LogLevel; message: string; fields: Readonly<Record<string, unknown>> | undefined }[] =
    []
  const progress: { done: number; total: number }[] = []
  try {
    const writer = new CommitWriter(store, reader)
    const values: Record<string, Value> = {}
    for (const [name, kind] of Object.entries(target.inputs)) {
      const given = own(inputs as Readonly<Record<string, unknown>>, name)
      if (given === undefined && kind.name !== 'json')
        throw new PipewrightError('MISSING_INPUT', `step '${step.name}': input '${name}' is missing`, {
          fix: `give { ${name}: … }`,
        })
      try {
        values[name] = await toValue(kind, given, writer, services, folder)
      } catch (error) {
        throw atInput(error, step.name, name)
      }
    }
    commit(writer.pending)
    const outcome = await attemptStep(
      {
        run: options.run ?? { id: 'test-run', pipeline: 'test' },
        node: options.node ?? step.name,
        fileName: 'test',
        step: target,
        declaration: compileStep(target),
        values,
        attempt: options.attempt ?? 1,
        startedAt: (options.now ?? new Date()).getTime(),
        idempotencyKey: options.idempotencyKey ?? 'test-key',
        seed: options.seed ?? 'test',
        signal: options.signal ?? new AbortController().signal,
        onProgress: (done, total) => progress.push({ done, total }),
        onLog: (level, message, fields) => logs.push({ level, message, fields }),
      },
      services,
    )
    if (!outcome.ok) throw outcome.error
    commit(outcome.blobs)
    // Made only when a test asks an output for its path; it is the test's then.
    let outputFolder: Promise<string> | undefined
    const outputWorkdir = (): Promise<string> =>
      (outputFolder ??= mkdtemp(join(tmpdir(), 'pipewright-test-outputs-')))
    const outputs = await decodeRunOutputs(target.outputs, outcome.outputs, {
      ...services,
      blobs: reader,
      workdir: outputWorkdir,
    })
    const { metrics, params, reports } = outcome.facts
    return { outputs: outputs as Out, logs, metrics, params, progress, reports: reports.length }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
