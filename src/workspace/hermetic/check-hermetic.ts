import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { PipewrightError } from '../../internal/error.ts'
import type { AnyPipeline } from '../../define/runnable.ts'
import { attemptStep, type AttemptOutcome, type AttemptTask } from '../../execute/attempt.ts'
import { attemptInChild, type ChildPlace } from '../../execute/child/attempt-in-child.ts'
import type { Use } from '../../execute/hermetic/use.ts'
import type { RunServices } from '../../execute/run-request.ts'
import { openSqliteMetadata } from '../../record/sqlite/store.ts'
import { openFileStore } from '../../store/file-store.ts'
import type { WorkspaceParts } from '../parts.ts'
import { absolutePath, compileProgram, type Compiled } from '../program.ts'
import { Runs } from '../runs.ts'
import { servicesOf } from '../services.ts'
import { Sources } from '../sources.ts'
import { exemption } from './exemption.ts'
import { hermeticReport, Watched } from './hermetic-report.ts'
import type { HermeticReport } from './report.ts'
import { childArguments, entry, standingWall } from './standing-wall.ts'
import { walls, type Wall } from './wall.ts'

function isDenied(outcome: AttemptOutcome): boolean {
  return !outcome.ok && (outcome.error as { code?: unknown } | null)?.code === 'ERR_ACCESS_DENIED'
}

/** Runs attempts under watch: in children, but for steps of Pipewright's own. Effects are not carried out. */
function watchedAttempt(
  compiled: Compiled,
  wall: Wall,
  place: Omit<ChildPlace, 'nodeArguments'>,
  watched: Watched,
): NonNullable<RunServices['attempt']> {
  return async (task: AttemptTask, services) => {
    const { step, declaration } = task
    if (declaration.effect !== undefined)
      return { ok: false, end: 'failed', retryable: false, error: effectError(step.name) }
    if (step.port !== undefined) return attemptStep(task, services)
    const isExempt = exemption(compiled.plan, task.node, declaration) !== undefined
    const onUses = (uses: unknown): void => {
      if (!isExempt) watched.take(step.name, uses as readonly Use[])
    }
    const run = (nodeArguments: readonly string[]): Promise<AttemptOutcome> =>
      attemptInChild(task, services, { ...place, nodeArguments }, onUses)
    const outcome = await run(childArguments(isExempt ? { nodeArguments: [] } : wall))
    if (!isDenied(outcome)) return outcome
    // What the wall has stopped is known: the steps after this one are to be reached too.
    watched.stopped(step.name, (outcome as { readonly error: Error }).error)
    return run(childArguments({ nodeArguments: [] }))
  }
}

function effectError(step: string): PipewrightError {
  return new PipewrightError('STEP_FAILED', `step '${step}' is an effect: a check does not carry it out`)
}

/**
 * Runs each step of a pipeline in a process of its own under watch, in a workspace that is removed again, and tells
 * what the project's code uses there of the world that no step declares.
 */
export async function checkHermetic(
  pipeline: AnyPipeline,
  inputs: Readonly<Record<string, unknown>>,
  { root, opaque, resources }: Pick<WorkspaceParts, 'root' | 'opaque' | 'resources'>,
): Promise<HermeticReport> {
  const compiled = await compileProgram(pipeline, inputs, { root, opaque })
  if (compiled.address === null)
    throw new PipewrightError(
      'PIPELINE_NOT_FOUND',
      `pipeline '${pipeline.name}' was made inside a function: another process cannot find it`,
      { fix: 'export it from a module' },
    )
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'pipewright-check-')))
  const metadata = await openSqliteMetadata(':memory:')
  try {
    const parts: WorkspaceParts = {
      root,
      opaque,
      folder,
      store: await openFileStore(folder),
      metadata,
      concurrency: availableParallelism(),
      resources,
      telemetry: undefined,
      findPipeline: () => Promise.resolve(pipeline),
    }
    const { module } = compiled.address
    const address = {
      module: absolutePath(root, module),
      pipeline: pipeline.name,
      structure: compiled.plan.digest,
    }
    const keys = new Map([...compiled.program.steps].map(([key, step]) => [step, key]))
    const place = {
      project: root,
      opaque,
      address,
      entry,
      metadata,
      keyOf: (step: AttemptTask['step']) => keys.get(step)!,
    }
    const wall = await standingWall(walls(root, folder), place, folder)
    const watched = new Watched()
    const services: RunServices = {
      ...servicesOf(parts),
      attempt: watchedAttempt(compiled, wall, place, watched),
    }
    const runs = new Runs(parts, services, new Sources(parts.store, root, folder))
    const handle = await runs.start(pipeline, inputs, { failure: 'continue', cache: 'off' })
    // How the run ends is told step by step.
    await handle.result().catch(() => undefined)
    const executions = await metadata.executions(handle.id)
    await runs.close()
    return hermeticReport(compiled.plan, executions, watched, { root, limits: wall.limits })
  } finally {
    await metadata.close()
    await rm(folder, { recursive: true, force: true })
  }
}
