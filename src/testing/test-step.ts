import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256, type Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import { snapshotDirectory } from '../artifact/directory.ts'
import { isFileKind, snapshotFile } from '../artifact/file.ts'
import type { Kind } from '../artifact/kind.ts'
import { itemKind } from '../artifact/list.ts'
import type { Stored } from '../artifact/stored.ts'
import type { FileHandle } from '../artifact/file.ts'
import type { DirectoryHandle } from '../artifact/directory.ts'
import type { Table } from '../artifact/table.ts'
import type { Json } from '../internal/json.ts'
import type { AnyStep, Step } from '../define/step.ts'
import { attemptStep, type AttemptServices } from '../execute/attempt.ts'
import { CommitWriter, TieredReader } from '../execute/blobs.ts'
import type { LogLevel } from '../execute/context.ts'
import { decodeInputs } from '../execute/io.ts'
import { JsonValues } from '../execute/json-values.ts'
import { inlineRunner } from '../execute/runner.ts'
import { compileStep } from '../plan/compile.ts'
import type { MetricSummary, Value } from '../record/event.ts'
import { memoryStore } from '../store/memory-store.ts'

/** What a test gives for an input: a path for a file or a directory, rows for a table, else the value. */
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
  /** Stands in for the registry of the workspace, in steps made by `registerModel`. */
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
  if (kind.name === 'json') return given === undefined ? { absent: true } : { value: given as Json }
  if (typeof given === 'string' && isFileKind(kind))
    return { artifact: await snapshotFile(given, kind.mediaType, writer) }
  if (typeof given === 'string' && kind.name === 'directory')
    return { artifact: await snapshotDirectory(given, writer) }
  const context = {
    blobs: writer,
    workdir: () => Promise.resolve(folder),
    predictorDigest: services.predictorDigest,
  }
  return { artifact: await kind.encode(given, context) }
}

/**
 * Runs one step as a run would: inputs are checked and decoded, outputs checked, stored and read back, all in
 * memory. Throws what the step throws, and the same `INPUT_INVALID` and `OUTPUT_INVALID` as a run.
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
    if (!(name in target.inputs)) {
      throw new PipewrightError('UNKNOWN_INPUT', `step '${step.name}' has no input '${name}'`, {
        fix: didYouMean(name, Object.keys(target.inputs)),
      })
    }
  }
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-test-'))
  const store = memoryStore()
  const reader = new TieredReader(
    { blob: () => Promise.resolve(undefined), dropBlob: () => Promise.resolve() },
    store,
  )
  const services: AttemptServices = {
    root: folder,
    store,
    reader,
    json: new JsonValues(reader),
    runner: inlineRunner,
    ports: { registry: options.registry },
    predictorDigest: (predictor) => Promise.resolve<Digest>(sha256(String(predictor.predict))),
  }
  const logs: { level: LogLevel; message: string; fields: Readonly<Record<string, unknown>> | undefined }[] =
    []
  const progress: { done: number; total: number }[] = []
  try {
    const writer = new CommitWriter(store, reader)
    const values: Record<string, Value> = {}
    for (const [name, kind] of Object.entries(target.inputs)) {
      const given = (inputs as Readonly<Record<string, unknown>>)[name]
      if (given === undefined && kind.name !== 'json')
        throw new PipewrightError('MISSING_INPUT', `step '${step.name}': input '${name}' is missing`, {
          fix: `give { ${name}: … }`,
        })
      values[name] = await toValue(kind, given, writer, services, folder)
    }
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
    // Made only when a test asks an output for its path; it is the test's then.
    let outputFolder: Promise<string> | undefined
    const outputWorkdir = (): Promise<string> =>
      (outputFolder ??= mkdtemp(join(tmpdir(), 'pipewright-test-outputs-')))
    const outputs = await decodeInputs(target.outputs, outcome.outputs, `step '${step.name}'`, {
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
