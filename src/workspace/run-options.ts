import type { Duration } from '../internal/duration.ts'
import type { RunnerName } from '../define/step.ts'
import type { RunUpdate } from '../execute/run-request.ts'
import type { Selection } from '../plan/select.ts'
import type { CacheMode } from '../record/event.ts'

/**
 * How a run behaves.
 *
 * @example
 * ```ts
 * await pw.run(tumours, { csv: 'tumours.csv' }, {
 *   key: 'nightly-2026-02-28', // started again, it goes on where it was
 *   failure: 'continue',
 *   timeout: '2h',
 *   cache: { refresh: ['trials/train'] },
 *   onUpdate: ({ event }) => console.log(event.type),
 * })
 * ```
 */
export interface RunOptions {
  /** A name of the caller's, unique per pipeline: the same key and inputs attach to, or resume, that run. */
  readonly key?: string
  readonly tags?: readonly string[]
  /** How many steps run at once. Default: the workspace's setting. */
  readonly concurrency?: number
  /** `stop` (default): after a failure nothing new starts; `continue`: only what depends on it does not run. */
  readonly failure?: 'stop' | 'continue'
  /** With `stop`: running steps are cancelled too. Default false. */
  readonly failFast?: boolean
  /** The longest the run may take. Default: no limit. */
  readonly timeout?: Duration
  /**
   * When the run is to be over, also if it is resumed: a Date, or ISO 8601 with its zone. What runs then is cancelled, and the
   * run fails with `RUN_TIMEOUT`. A timeout counts anew with each resume, a deadline does not.
   */
  readonly deadline?: Date | string
  /** Runs a part of the pipeline: what else it needs comes from the cache, or `SELECTION_GAP` is thrown before anything runs. */
  readonly select?: Selection
  /** Default: entries are used and made. `refresh` executes all, or the nodes that match, and makes new entries. */
  readonly cache?: CacheMode
  /**
   * The share of the hits, 0 to 1, that is executed once more and compared (at least one hit when it is above 0):
   * the run goes on with the hits, and reports outputs that came out otherwise. Default 0.
   */
  readonly verifyCache?: number
  /** Where all steps run, whatever they and the settings say: `inline` to look at them in a debugger. */
  readonly runner?: RunnerName
  /** Cancels the run when it is aborted. */
  readonly signal?: AbortSignal
  /** Told of each event as it happens. */
  readonly onUpdate?: (update: RunUpdate) => void
  /** Takes `console` output and unhandled rejections of steps as theirs. Default false: they are the host's. */
  readonly captureConsole?: boolean
}

/**
 * Which run is previewed.
 *
 * @example
 * ```ts
 * await pw.preview(tumours, { csv: 'tumours.csv' }, { select: { to: ['pick-best'] }, cache: 'refresh' })
 * ```
 */
export type PreviewOptions = Pick<RunOptions, 'select' | 'cache'>

/**
 * How a run is resumed.
 *
 * @example
 * ```ts
 * await pw.resume(run.id, tumours, { acceptCode: true }) // the step that failed was mended
 * ```
 */
export interface ResumeOptions extends Pick<RunOptions, 'signal' | 'onUpdate' | 'captureConsole'> {
  /** Goes on although the code of unfinished steps has changed; recorded. */
  readonly acceptCode?: boolean
  /** Takes the run from an owner that seems alive; that one can commit nothing more. */
  readonly takeOver?: boolean
}

/** The options that a run is driven with. */
export function driveOptions({
  signal,
  captureConsole,
}: RunOptions): Pick<RunOptions, 'signal' | 'captureConsole'> {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(captureConsole === undefined ? {} : { captureConsole }),
  }
}
