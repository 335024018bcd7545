import { PipewrightError } from '../../internal/error.ts'
import type { RunOptions } from '../../workspace/run-options.ts'
import type { RunResult } from '../../workspace/handle.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { mismatchExitCode, waitingExitCode } from '../exit-codes.ts'
import { printable } from '../../ui/text.ts'
import { print, printNext } from '../output.ts'
import { printRun } from '../run-text.ts'
import { printSummary } from '../run-summary.ts'
import { openView, type ViewOptions } from '../views/open-view.ts'
import type { RunView } from '../views/view.ts'
import { decisionCommands, waitCommands, waitLines } from '../wait-text.ts'

/** How the one who drives a run is told of it. */
export type DriveHooks = Required<Pick<RunOptions, 'signal' | 'onUpdate' | 'captureConsole'>>

/** A run that has begun, or is about to. */
export interface Driven {
  readonly id: string
  readonly result: () => Promise<RunResult<unknown>>
}

/** Signals within so many milliseconds are one press. */
const samePress = 300

/** Ctrl-C once stops gracefully, twice at once; the run can be resumed after either. */
export function stopOnSignals(
  view: Pick<RunView, 'notice' | 'end'>,
  idOf: () => string | undefined,
  notice = 'stopping: steps are told to end; Ctrl-C again stops now',
): { signal: AbortSignal; forget: () => void } {
  const stop = new AbortController()
  let firstAt = 0
  const onSignal = (): void => {
    // npm and npx pass on what the terminal has sent as well: that is one Ctrl-C.
    if (stop.signal.aborted && Date.now() - firstAt < samePress) return
    if (!stop.signal.aborted) {
      firstAt = Date.now()
      view.notice(notice)
      stop.abort(new Error('interrupted'))
      return
    }
    view.end()
    const id = idOf()
    process.stderr.write(`stopped${id === undefined ? '' : `\nnext: pipewright resume ${id}`}\n`)
    process.exit(130)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of signals) process.on(name, onSignal)
  const forget = (): void => {
    for (const name of signals) process.off(name, onSignal)
  }
  return { signal: stop.signal, forget }
}

/** A wait of so many milliseconds is not worth leaving for. */
const shortWait = 60_000

/** Whether whoever sits at the terminal waits with the run. */
function stays({ wait, json }: DriveOptions, until: number | null): boolean {
  const isShort = until !== null && until - Date.now() <= shortWait
  return wait ?? (isShort || (process.stderr.isTTY && json !== true))
}

/** How a run is driven. */
export interface DriveOptions extends ViewOptions {
  /** Whether to stay while the run waits. Default: on a terminal. */
  readonly wait?: boolean
}

/** The result of a run, or undefined when it waits and is to be left. */
function unlessWaiting<T>(result: Promise<T>, waiting: Promise<undefined>): Promise<T | undefined> {
  // It is left without an end.
  result.catch(() => undefined)
  return Promise.race([result, waiting])
}

/** Leaves a run that waits: whoever decides, or takes it up when it is time, makes it go on. */
async function leave(
  pw: Workspace,
  id: string,
  view: RunView,
  forget: () => void,
  json: boolean,
): Promise<void> {
  view.end()
  forget()
  process.exitCode = waitingExitCode
  const waits = await pw.waits(id)
  if (json) return printSummary(pw, id, undefined, waits)
  print(`run ${id} waits`, ...(await waitLines(pw, waits)))
  await printNext(...waitCommands(id, waits))
}

/** Tells whoever stays with a run how its waits are ended, each once. */
class Waits {
  readonly #pw: Workspace
  readonly #view: RunView
  readonly #told = new Set<string>()

  constructor(pw: Workspace, view: RunView) {
    this.#pw = pw
    this.#view = view
  }

  async tell(id: string): Promise<void> {
    for (const command of decisionCommands(id, await this.#pw.waits(id).catch(() => []))) {
      if (this.#told.has(command)) continue
      this.#told.add(command)
      this.#view.tell(`next, in another terminal: ${printable(command)}`)
    }
  }
}

/** Drives a run on the terminal: progress, Ctrl-C, the tree at the end. */
export async function drive(
  pw: Workspace,
  title: string,
  options: DriveOptions,
  start: (hooks: DriveHooks) => Promise<Driven>,
  known?: string,
): Promise<void> {
  const view = await openView(title, options)
  let id = known
  const { signal, forget: forgetSignals } = stopOnSignals(view, () => id)
  const forgetEnvironments = pw.onEnvironment((progress) => view.environment(progress))
  const forget = (): void => {
    forgetSignals()
    forgetEnvironments()
  }
  const waits = new Waits(pw, view)
  let leaves: () => void = () => undefined
  const waiting = new Promise<undefined>((resolve) => (leaves = () => resolve(undefined)))
  const onUpdate: DriveHooks['onUpdate'] = (update) => {
    view.update(update)
    const { event } = update
    if (event.type !== 'run.waiting') return
    if (!stays(options, event.until)) return leaves()
    isWaiting = true
    if (id !== undefined) void waits.tell(id)
  }
  let isWaiting = false
  let failure: unknown
  try {
    if (known !== undefined)
      view.begin({ id: known, plan: await pw.planOf(known), detail: await pw.show(known) })
    const driven = await start({ signal, onUpdate, captureConsole: true })
    id = driven.id
    if (known === undefined) view.begin({ id, plan: await pw.planOf(id) })
    // It may have come to them before it had a name here.
    if (isWaiting) void waits.tell(id)
    const result = await unlessWaiting(driven.result(), waiting)
    if (result === undefined) return await leave(pw, id, view, forget, options.json === true)
    if ((result.verification?.mismatches.length ?? 0) > 0) process.exitCode = mismatchExitCode
  } catch (error) {
    if (PipewrightError.isInstance(error) && typeof error.details['run'] === 'string')
      id = error.details['run']
    failure = error
  }
  view.end()
  forget()
  if (id !== undefined) await (options.json === true ? printSummary(pw, id, failure) : printRun(pw, id))
  if (failure !== undefined) throw failure
}
