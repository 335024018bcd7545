import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { PipewrightError } from '../../internal/error.ts'
import { isPythonStep } from '../../define/python-step.ts'
import type { AnyPipeline } from '../../define/runnable.ts'
import { attemptStep, type AttemptOutcome, type AttemptTask } from '../../execute/attempt.ts'
import { attemptInChild } from '../../execute/child/attempt-in-child.ts'
import type { ChildBoot } from '../../execute/child/protocol.ts'
import type { Use } from '../../execute/hermetic/use.ts'
import type { RunServices } from '../../execute/run-request.ts'
import type { PythonWorkers } from '../../python/python-workers.ts'
import { openSqliteMetadata } from '../../record/sqlite/store.ts'
import { declaredSources } from '../../secret/open-sources.ts'
import { openFileStore } from '../../store/file-store.ts'
import type { WorkspaceParts } from '../parts.ts'
import { compileProgram, type Compiled } from '../program.ts'
import { Runs } from '../runs.ts'
import { serviceAddresses, servicesOf } from '../services.ts'
import { Sources } from '../sources.ts'
import { exemption } from './exemption.ts'
import { hermeticReport, Watched } from './hermetic-report.ts'
import type { HermeticReport } from './report.ts'
import { standingWall, startWatched } from './standing-wall.ts'
import { walls, type Wall } from './wall.ts'

function isDenied(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ERR_ACCESS_DENIED'
}

/** The wall has stopped a provider, which reads what it must: that is no use of the step. */
function isSecretDenied(error: unknown): boolean {
  if (!PipewrightError.isInstance(error) || error.code !== 'SECRET_UNAVAILABLE') return false
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) if (isDenied(cause)) return true
  return false
}

/** Runs attempts under watch: in children, Python in processes of its own, but for steps of Pipewright's own. Effects are not carried out. */
function watchedAttempt(
  compiled: Compiled,
  wall: Wall,
  boot: ChildBoot,
  watched: Watched,
  python: PythonWorkers,
): NonNullable<RunServices['attempt']> {
  return async (task: AttemptTask, given) => {
    const services = given as RunServices
    const { step, declaration } = task
    if (declaration.effect !== undefined)
      return { ok: false, end: 'failed', retryable: false, error: effectError(step.name) }
    const isExempt = exemption(compiled.plan, task.node, declaration) !== undefined
    const onUses = (uses: unknown): void => {
      if (!isExempt) watched.take(step.name, uses as readonly Use[])
    }
    if (step.port === 'python')
      return attemptStep(task, { ...services, ports: { ...services.ports, python: python.watched(onUses) } })
    if (step.port !== undefined) return attemptStep(task, services)
    const run = async (behind: Pick<Wall, 'nodeArguments'>): Promise<AttemptOutcome> => {
      const child = startWatched(behind)
      try {
        child.send(boot)
        const place = { runner: 'process', metadata: services.metadata } as const
        // What it reads is told once, by whoever compiled the plan.
        const { code: _code, ...home } = task.home!
        return (await attemptInChild(task, services, home, child, place, onUses)).result
      } finally {
        child.kill()
      }
    }
    const outcome = await run(isExempt ? { nodeArguments: [] } : wall)
    if (outcome.ok || !(isDenied(outcome.error) || isSecretDenied(outcome.error))) return outcome
    // What the wall has stopped is known: the steps after this one are to be reached too.
    if (isDenied(outcome.error)) watched.stopped(step.name, outcome.error as Error)
    return run({ nodeArguments: [] })
  }
}

/** What Python tells nobody of, and is not wrapped. */
const pythonLimit =
  'of Python steps native code that opens files or connections, or reads the environment, by itself (pyarrow, polars, HDF5), child processes and a random.Random() without a seed are not seen; nothing is denied to them'

function hasPython({ program }: Compiled): boolean {
  return [...program.steps.values()].some(isPythonStep)
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
  {
    root,
    opaque,
    resources,
    services,
    secrets,
    python,
    onEnvironment,
  }: Pick<
    WorkspaceParts,
    'root' | 'opaque' | 'resources' | 'services' | 'secrets' | 'python' | 'onEnvironment'
  >,
): Promise<HermeticReport> {
  const compiled = await compileProgram(pipeline, inputs, { root, opaque, python, onEnvironment })
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
      ...(services === undefined ? {} : { services }),
      telemetry: undefined,
      secrets,
      python,
      ...(onEnvironment === undefined ? {} : { onEnvironment }),
      findPipeline: () => Promise.resolve(pipeline),
    }
    const boot: ChildBoot = {
      type: 'boot',
      project: root,
      opaque,
      secrets: declaredSources(secrets, root),
      folder,
      store: { folder, shared: false },
      services: serviceAddresses(services ?? []),
    }
    const wall = await standingWall(walls(root, folder), boot, compiled.program.address!)
    const watched = new Watched()
    const usual = servicesOf(parts)
    const attempt = watchedAttempt(compiled, wall, boot, watched, usual.python)
    const runs = new Runs(parts, { ...usual, attempt }, new Sources(parts.store, root, folder))
    const handle = await runs.start(pipeline, inputs, { failure: 'continue', cache: 'off' })
    // How the run ends is told step by step.
    await handle.result().catch(() => undefined)
    const executions = await metadata.executions(handle.id)
    await runs.close()
    await usual.python.close()
    const limits = hasPython(compiled) ? [...wall.limits, pythonLimit] : wall.limits
    return hermeticReport(compiled.plan, executions, watched, { root, limits })
  } finally {
    await metadata.close()
    await rm(folder, { recursive: true, force: true })
  }
}
