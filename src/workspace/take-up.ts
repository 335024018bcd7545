import { PipewrightError } from '../internal/error.ts'
import { narrow, type Narrowed } from '../plan/narrow.ts'
import type { RunSettings, StoredEvent } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { RunDetail } from '../record/records.ts'
import type { ActiveRuns, DriveOptions } from './active-runs.ts'
import type { ActiveRun } from './handle.ts'
import { codeDigests, type Compiled } from './program.ts'
import { checkResume, historyOf } from './resume.ts'
import type { ResumeOptions } from './run-options.ts'

/** A run that this process has taken up. */
export interface TakenUp {
  readonly active: ActiveRun
  /** The reason of a cancel that nobody has heeded yet. */
  readonly cancelRequested: string | null
}

/** How a run is taken up. */
export interface TakeUpOptions extends DriveOptions, Pick<ResumeOptions, 'acceptCode' | 'takeOver'> {
  /** Judges the run once more when nobody else can change it: others may have driven it until then. */
  readonly isWanted: (now: RunDetail) => boolean
  /** The place of the run's last event, read before the run was: where it is still the last one nothing has changed. */
  readonly seenAt?: number
}

/**
 * Goes on with a run that nobody drives; undefined when it has changed so that it is not wanted any more. Throws
 * `RUN_OWNED`, `RUN_NOT_FOUND`, `STRUCTURE_CHANGED`, `CODE_CHANGED` or `WORKSPACE_CLOSED`.
 */
export async function takeUp(
  metadata: MetadataStore,
  runs: ActiveRuns,
  seen: RunDetail,
  compiled: Compiled,
  { isWanted, seenAt, acceptCode = false, takeOver = false, ...options }: TakeUpOptions,
): Promise<TakenUp | undefined> {
  const { id, settings, inputs } = seen
  // Before anybody loses the run: what has succeeded meanwhile makes it no less fit.
  checkResume(seen, compiled, acceptCode)
  const part = narrowed(compiled, settings)
  runs.closed.throwIfAborted()
  const { lease, cancelRequested } = await runs.acquire(id, takeOver)
  try {
    await runs.oust(id)
    const isUnchanged = seenAt !== undefined && (await metadata.lastEvent(id)) === seenAt
    const now = isUnchanged ? taken(seen) : await metadata.detail(id)
    if (now === undefined) throw new PipewrightError('RUN_NOT_FOUND', `run ${id} was removed`)
    if (!isWanted(now)) {
      await runs.release(lease)
      return undefined
    }
    const accepted = checkResume(now, compiled, acceptCode)
    const history = await historyOf(metadata, id)
    if (lacksTaken(history)) throw notTaken(id)
    if (now.finishedAt !== null && history.some(({ event }) => event.type === 'undo.started'))
      throw undone(id)
    runs.closed.throwIfAborted()
    const code = codeDigests(compiled.program)
    await metadata.append(
      { run: id, at: runs.now(), event: { type: 'run.resumed', acceptedCode: accepted, code } },
      lease,
    )
    const active = runs.drive({ id, inputs, settings, lease, history, ...part }, options)
    return { active, cancelRequested }
  } catch (error) {
    // Taking the run has cleared it, and whoever is next may be one that heeds it.
    if (cancelRequested !== null) await metadata.requestCancel(id, cancelRequested).catch(() => undefined)
    await runs.release(lease)
    throw error
  }
}

/** A run as it is once somebody has taken it. */
function taken(seen: RunDetail): RunDetail {
  return seen.state === 'interrupted' ? { ...seen, state: 'running' } : seen
}

/** Whether a run was cut off while it took what it does not repeat from the record of another one. */
function lacksTaken(history: readonly StoredEvent[]): boolean {
  const started = history[0]?.event
  return started?.type === 'run.started' && history.length - 1 < (started.rerun?.taken ?? 0)
}

function notTaken(id: string): PipewrightError {
  return new PipewrightError(
    'RUN_NOT_RESUMABLE',
    `run ${id} was cut off while it took over the record of the run that it repeats`,
    { fix: 'nothing of it has run: repeat that run once more', details: { run: id } },
  )
}

function undone(id: string): PipewrightError {
  return new PipewrightError('RUN_NOT_RESUMABLE', `the effects of run ${id} were taken back`, {
    fix: 'start a new run: going on with this one would rely on what is not there any more',
    details: { run: id },
  })
}

/** The plan and the program of a run: all of the plan, or what its settings select. */
export function narrowed(
  { plan, program }: Compiled,
  { selection }: RunSettings,
): Pick<Compiled, 'plan' | 'program'> & Partial<Pick<Narrowed, 'reuse' | 'before'>> {
  if (selection === undefined) return { plan, program }
  const { scope, reuse, before } = narrow(plan, selection)
  return { plan: { ...plan, scope }, program, reuse, before }
}
