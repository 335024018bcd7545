import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import { isPythonStep } from '../define/python-step.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import { attemptStep } from '../execute/attempt.ts'
import { inputDigests } from '../execute/cache-key.ts'
import type { LogLevel } from '../execute/context.ts'
import { PassingMemory, RecordedMemory } from '../execute/memory.ts'
import { originalStart } from '../execute/original-start.ts'
import { outputDifferences } from '../execute/output-differences.ts'
import { replayedScopes } from '../execute/replayed-scopes.ts'
import { inlineRunner, type Runner } from '../execute/runner.ts'
import type { RunServices } from '../execute/run-request.ts'
import { idempotencyKey, plannedStep } from '../execute/step-work.ts'
import { locate } from '../plan/locate.ts'
import type { MetricSummary, OutputDifference, Values } from '../record/event.ts'
import type { ExecutionRecord, RunDetail } from '../record/records.ts'
import type { WorkspaceParts } from './parts.ts'
import { compileProgram, type Compiled } from './program.ts'
import { checkPipeline } from './rerun.ts'
import { checkStructure, historyOf } from './resume.ts'
import { narrowed } from './take-up.ts'

/**
 * How a step is repeated.
 *
 * @example
 * ```ts
 * await pw.repeatStep(run.id, 'release/then/deploy', tumours, { effect: true }) // it is carried out again
 * ```
 */
export interface RepeatOptions {
  /** Carries out a step that is an effect, with the idempotency key that it had. Default false: it is refused. */
  readonly effect?: boolean
  /** Stops in a debugger, where one is attached, right before the step's function. Default false. */
  readonly pause?: boolean
  /** Aborts the attempt. */
  readonly signal?: AbortSignal
  /** Told of each line that the step logs. */
  readonly onLog?: (level: LogLevel, message: string) => void
}

/** What came of repeating a step. */
export interface RepeatedStep {
  readonly run: string
  readonly node: string
  readonly step: string
  /** What it was given: as recorded. */
  readonly inputs: Values
  /** What it gave now; empty where it threw. */
  readonly outputs: Values
  /** What it threw; undefined where it did not. */
  readonly error: unknown
  /** Where outputs differ from the recorded ones; null where none are recorded, or it threw. */
  readonly differences: readonly OutputDifference[] | null
  readonly metrics: Readonly<Record<string, MetricSummary>>
  /** The bytes of its inputs and outputs, which are kept in memory alone. */
  readonly bytes: (artifact: Artifact) => Promise<Uint8Array>
}

/** Stands still before the function of a step, where a debugger is attached. */
const pausing: Runner = {
  name: 'inline',
  run: (task) => {
    // oxlint-disable-next-line no-debugger
    debugger // The next call is that of the step's function.
    return inlineRunner.run(task)
  },
}

/** Repeats a step of a run on its recorded inputs, in this process; nothing is recorded. `services` leave nothing behind. */
export async function repeatStep(
  parts: WorkspaceParts,
  services: RunServices,
  detail: RunDetail,
  node: string,
  pipeline: AnyPipeline,
  { effect = false, pause = false, signal, onLog }: RepeatOptions,
): Promise<RepeatedStep> {
  checkPipeline(detail, pipeline)
  const compiled = await compileProgram(pipeline, undefined, parts)
  checkStructure(detail, compiled)
  const { plan, program } = { ...compiled, ...narrowed(compiled, detail.settings) }
  const execution = detail.executions.find((one) => one.node === node)
  const planned = locate(plan, node)?.node
  if (execution === undefined || planned?.type !== 'step') throw noStep(detail, node)
  const key = plannedStep(planned, node).step
  const step = program.steps.get(key)!
  const { timeout: _timeout, ...declaration } = plan.steps[key]!
  // Python is called, whereas other ports are written into.
  const port = isPythonStep(step) ? undefined : step.port
  if ((declaration.effect !== undefined && !effect) || port !== undefined) throw refused(node, port)
  const inputs = await inputsOf(detail, execution, { plan, program }, parts, services)
  const digests = await inputDigests(inputs, step.inputs, services.json)
  const place = { run: detail.id, node, attempt: 1, key: execution.key }
  const recorded = new RecordedMemory(services.metadata, place, () => Promise.resolve())
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-step-'))
  try {
    const outcome = await attemptStep(
      {
        run: { id: detail.id, pipeline: detail.pipeline },
        node,
        fileName: 'step',
        step,
        declaration,
        values: inputs,
        attempt: 1,
        startedAt: (await originalStart(services.metadata, execution)) ?? execution.startedAt,
        idempotencyKey: idempotencyKey(detail.id, node, declaration, digests),
        seed: execution.key ?? sha256(canonicalJson({ step: step.name, inputs: digests })),
        memory: new PassingMemory(recorded, (blobs) => {
          for (const { digest, bytes } of blobs) services.reader.remember(digest, bytes)
        }),
        signal: signal ?? new AbortController().signal,
        onProgress: () => undefined,
        onLog: (level, message) => onLog?.(level, message),
      },
      {
        ...services,
        secrets: services.secrets.apart(),
        root: folder,
        runner: pause ? pausing : inlineRunner,
      },
    )
    const written = new Map(outcome.ok ? outcome.blobs.map(({ digest, bytes }) => [digest, bytes]) : [])
    const bytes = async (artifact: Artifact): Promise<Uint8Array> =>
      written.get(artifact.blob) ?? services.reader.bytes(artifact)
    const made = { run: detail.id, node, step: step.name, inputs, bytes }
    if (!outcome.ok) return { ...made, outputs: {}, error: outcome.error, differences: null, metrics: {} }
    const { outputs, facts } = outcome
    const differences =
      execution.state === 'succeeded'
        ? await outputDifferences(step, execution.outputs, outputs, services.reader)
        : null
    return { ...made, outputs, error: undefined, differences, metrics: facts.metrics }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a node was given: recorded where it succeeded, else what the record of the run gives for it. */
async function inputsOf(
  detail: RunDetail,
  execution: ExecutionRecord,
  { plan, program }: Pick<Compiled, 'plan' | 'program'>,
  { metadata }: WorkspaceParts,
  services: RunServices,
): Promise<Values> {
  if (execution.state === 'succeeded') return execution.inputs
  const { node, state } = execution
  if (execution.attempts.length === 0) {
    throw new PipewrightError(
      'NODE_NOT_FOUND',
      `'${node}' of run ${detail.id} is ${state}: it was never executed`,
      {
        fix: 'repeat the step that it waits for',
        details: { run: detail.id, node },
      },
    )
  }
  const history = await historyOf(metadata, detail.id)
  // The scope of an item is let go when its map has succeeded without it.
  const last = history.findLastIndex(({ event }) => 'node' in event && event.node === node)
  const { settings, inputs } = detail
  const request = { plan, program, settings, inputs }
  const scopes = await replayedScopes(request, services, history.slice(0, last + 1), {
    reading: (_node, read) => read(),
    current: (value) => value,
  })
  return scopes.inputsOf(node)
}

function noStep({ id, executions }: RunDetail, node: string): PipewrightError {
  const steps = executions.filter(({ step }) => step !== null).map((one) => one.node)
  return new PipewrightError('NODE_NOT_FOUND', `run ${id} has executed no step at '${node}'`, {
    fix: didYouMean(node, steps),
    details: { run: id, node },
  })
}

function refused(node: string, port: string | undefined): PipewrightError {
  if (port !== undefined) {
    return new PipewrightError('EFFECT_REFUSED', `'${node}' writes into the ${port} of the workspace`, {
      fix: 'repeat it in a run: pipewright rerun <run> --from <node>',
      details: { node },
    })
  }
  return new PipewrightError(
    'EFFECT_REFUSED',
    `'${node}' is an effect: repeating it changes something outside`,
    {
      fix: 'allow it with --effect (in code `{ effect: true }`), where it takes its idempotency key twice',
      details: { node },
    },
  )
}
