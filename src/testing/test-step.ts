import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../internal/clock.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import type { Json } from '../internal/json.ts'
import { report, type Report } from '../artifact/report.ts'
import type { Checkpoint } from '../define/context.ts'
import type { AnyStep, Step } from '../define/step.ts'
import { attemptStep, type AttemptServices } from '../execute/attempt.ts'
import { CommitWriter, TieredReader, type PendingBlob } from '../execute/blobs.ts'
import type { LogLevel } from '../execute/context.ts'
import { JsonValues } from '../execute/json-values.ts'
import { ServiceHost } from '../execute/service-host.ts'
import { inlineRunner } from '../execute/runner.ts'
import { compileStep } from '../plan/compile.ts'
import { PythonWorkers } from '../python/python-workers.ts'
import type { RegistryPort } from '../registry/registry.ts'
import type { MetricSummary } from '../record/event.ts'
import { WorkspaceSecrets } from '../secret/workspace-secrets.ts'
import { memoryStore } from '../store/memory-store.ts'
import { decodeRunOutputs } from '../workspace/outputs.ts'
import type { TestClock } from './clock.ts'
import { withContext, type FakeContext } from './context.ts'
import { testMemory } from './memory.ts'
import { testSecrets } from './secrets.ts'
import { standIns } from './stand-ins.ts'
import { encodeInputs, type TestInputs } from './step-inputs.ts'

/**
 * What a test may say about the attempt.
 *
 * @example
 * ```ts
 * const now = new Date('2026-02-28T23:59:00Z')
 * await testStep(load, { csv: 'test/ten-rows.csv' }, { attempt: 2, now, signal: AbortSignal.timeout(1_000) })
 * ```
 */
export interface TestStepOptions {
  /** The number of the attempt. Default 1. */
  readonly attempt?: number
  /** Default: the name of the step. */
  readonly node?: string
  /** Default `test-run` of pipeline `test`. */
  readonly run?: { readonly id: string; readonly pipeline: string }
  /** Default `test-key`. */
  readonly idempotencyKey?: string
  /** The seed of `ctx.random`. Default `test`. */
  readonly seed?: string
  /** What `ctx.now()` returns. Default: the time of the call, on the `clock`. */
  readonly now?: Date
  /** What calls of `ctx.once` gave in an earlier attempt, by their keys: they do not run again. Default: none did. */
  readonly once?: Readonly<Record<string, Json>>
  /** What `ctx.restored` gives: the checkpoint of an earlier attempt. Default: none. */
  readonly checkpoint?: Checkpoint
  /** The values of secrets, by their names as references have them; 8 characters or more. Default: there are none. */
  readonly secrets?: Readonly<Record<string, string>>
  /** Aborts the attempt. */
  readonly signal?: AbortSignal
  /**
   * Members that stand in for those of `ctx`, such as `{ random: () => 0.5 }`; what is left out is that of a run, with
   * what the other options say.
   */
  readonly ctx?: FakeContext
  /** The clock of `timeout` and `grace`: it passes by `advance` while the step runs. Default: that of the machine. */
  readonly clock?: TestClock
  /** What `ctx.service` gives, by name: `{ warehouse: new Map() }`. Default: no service is declared. */
  readonly services?: Readonly<Record<string, unknown>>
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
  /** What it has given to `ctx.report`, in order. */
  readonly reports: readonly Report[]
  /** By key: what the calls of `ctx.once` that ran in this attempt gave; null for nothing. */
  readonly once: Readonly<Record<string, Json>>
  /** The latest checkpoint; undefined where none was saved, or given. */
  readonly checkpoint: Checkpoint | undefined
}

/** The registry of a step that is tested without one: empty, so that every model is its first version. */
const emptyRegistry: RegistryPort = {
  registerModel: (entry, alias) =>
    Promise.resolve({ ...entry, version: 1, aliases: alias === undefined ? [] : [alias] }),
  modelVersions: () => Promise.resolve([]),
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
 * const { outputs } = await testStep(evaluate, {
 *   model: tumourClassifier.of({ weights: [1, 0], bias: -15 }),
 *   rows: [
 *     { radius: 17.99, texture: 10.38, malignant: true },
 *     { radius: 11.42, texture: 20.38, malignant: false },
 *   ],
 * })
 * expect(outputs.auc).toBe(1)
 * ```
 */
export async function testStep<In, Out, Run>(
  step: Step<In, Out, Run>,
  inputs: TestInputs<NoInfer<In>>,
  options: TestStepOptions = {},
): Promise<TestStepResult<Out>> {
  const target = step as unknown as AnyStep
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
  const host = new ServiceHost(standIns(options.services))
  const python = new PythonWorkers({ root: process.cwd() })
  const services: AttemptServices = {
    project: process.cwd(),
    root: folder,
    store,
    reader,
    json: new JsonValues(reader),
    runner: withContext(inlineRunner, options.ctx),
    clock: options.clock ?? systemClock,
    ports: { registry: options.registry ?? emptyRegistry, python },
    predictorDigest: (predictor) => Promise.resolve<Digest>(sha256(String(predictor.predict))),
    secrets: new WorkspaceSecrets([testSecrets(options.secrets)]),
    serviceOf: (name) => host.get(name),
  }
  const logs: { level: LogLevel; message: string; fields: Readonly<Record<string, unknown>> | undefined }[] =
    []
  const progress: { done: number; total: number }[] = []
  try {
    const writer = new CommitWriter(store, reader)
    const values = await encodeInputs(target, inputs as Readonly<Record<string, unknown>>, {
      blobs: writer,
      workdir: () => Promise.resolve(folder),
      predictorDigest: services.predictorDigest,
    })
    commit(writer.pending)
    const idempotencyKey = options.idempotencyKey ?? 'test-key'
    const parts = { store, reader, commit }
    const left = await testMemory(`step '${step.name}'`, options, idempotencyKey, parts)
    const attempted = attemptStep(
      {
        run: options.run ?? { id: 'test-run', pipeline: 'test' },
        node: options.node ?? step.name,
        fileName: 'test',
        step: target,
        declaration: compileStep(target),
        values,
        attempt: options.attempt ?? 1,
        startedAt: options.now?.getTime() ?? services.clock.now(),
        idempotencyKey,
        seed: options.seed ?? 'test',
        memory: left.memory,
        signal: options.signal ?? new AbortController().signal,
        onProgress: (done, total) => progress.push({ done, total }),
        onLog: (level, message, fields) => logs.push({ level, message, fields }),
      },
      services,
    )
    const outcome = await services.clock.during(attempted)
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
    const decoded: Report[] = []
    for (const artifact of reports) {
      const handle = await report().decode(artifact, {
        ...services,
        name: 'report',
        blobs: reader,
        workdir: outputWorkdir,
      })
      decoded.push(await handle.read())
    }
    return {
      outputs: outputs as Out,
      logs,
      metrics,
      params,
      progress,
      reports: decoded,
      once: left.made(),
      checkpoint: await left.checkpoint(),
    }
  } finally {
    await python.close()
    await rm(folder, { recursive: true, force: true })
  }
}
