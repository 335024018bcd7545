import type { Duration } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import type { CacheMode } from '../record/event.ts'
import { printable } from '../ui/text.ts'
import { findPipeline } from '../workspace/find-pipeline.ts'
import type { RunResult } from '../workspace/handle.ts'
import { openWorkspace, readSettings } from '../workspace/open.ts'
import type { ResumeOptions, RunOptions } from '../workspace/run-options.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { Progress } from './progress.ts'
import { outputLines } from './runs.ts'
import { renderRun } from '../ui/run-tree.ts'
import { verificationLines } from '../ui/verification-text.ts'
import { mismatchExitCode } from './exit-codes.ts'
import { readInputs } from './inputs.ts'
import { readShare } from './share.ts'

interface RunArguments {
  readonly inputs?: string
  readonly tag?: readonly string[]
  readonly key?: string
  readonly concurrency?: number
  readonly failure?: string
  readonly timeout?: string
  readonly cache?: string
  readonly refresh?: readonly string[]
  readonly verifyCache?: string
}

function failurePolicy(text: string | undefined): Pick<RunOptions, 'failure'> {
  if (text === undefined) return {}
  if (text === 'stop' || text === 'continue') return { failure: text }
  throw new PipewrightError('CONFIG_INVALID', `--failure ${text} is not a policy`, {
    fix: 'give stop or continue',
  })
}

function cacheMode({ cache, refresh }: RunArguments): Pick<RunOptions, 'cache'> {
  if (cache !== undefined && refresh !== undefined) {
    throw new PipewrightError('CONFIG_INVALID', '--cache and --refresh are not possible together', {
      fix: 'give one of them: --cache refresh executes all nodes, --refresh <pattern> some',
    })
  }
  if (refresh !== undefined) return { cache: { refresh } }
  // Checked where the run is started.
  return cache === undefined ? {} : { cache: cache as CacheMode }
}

/** Drives a run on the terminal: progress, Ctrl-C, the tree at the end. */
async function onScreen(
  pw: Workspace,
  run: (
    options: Required<Pick<RunOptions, 'signal' | 'onUpdate' | 'captureConsole'>>,
  ) => Promise<RunResult<unknown>>,
  knownId?: string,
): Promise<void> {
  const { stderr, stdout } = process
  const progress = new Progress({
    isTTY: stderr.isTTY,
    columns: stderr.columns ?? 80,
    write: (text) => void stderr.write(text),
  })
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(130)
    stderr.write('\nstopping: running steps are told to end (again to stop now)\n')
    stop.abort(new Error('interrupted'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  let id = knownId
  try {
    const result = await run({ signal: stop.signal, onUpdate: progress.update, captureConsole: true })
    id = result.run.id
    if ((result.verification?.mismatches.length ?? 0) > 0) process.exitCode = mismatchExitCode
  } catch (error) {
    if (PipewrightError.isInstance(error) && typeof error.details.run === 'string') id = error.details.run
    throw error
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
    progress.end()
    if (id !== undefined) await printRun(pw, id, stdout)
  }
}

async function printRun(pw: Workspace, id: string, out: NodeJS.WriteStream): Promise<void> {
  const detail = await pw.show(id).catch(() => undefined)
  if (detail === undefined) return
  out.write(`${renderRun(detail, await pw.planOf(id))}\n`)
  for (const line of await outputLines(pw, detail)) out.write(`${line}\n`)
  for (const line of verificationLines(detail.verification)) out.write(`${line}\n`)
  out.write(
    detail.state === 'succeeded'
      ? `next: pipewright show ${id}\n`
      : `next: mend the cause, then pipewright resume ${id}\n`,
  )
}

/** `pipewright run`. */
export async function runCommand(address: string, options: RunArguments): Promise<void> {
  const inputs = await readInputs(options.inputs)
  const { settings, root } = await readSettings({}, process.cwd())
  const pipeline: AnyPipeline = await findPipeline(address, settings, root, process.cwd())
  await using pw = await openWorkspace()
  process.stderr.write(`workspace ${pw.root} · pipeline ${printable(pipeline.name)}\n`)
  await onScreen(pw, (screen) =>
    pw.run(pipeline, inputs as never, {
      ...screen,
      ...(options.tag === undefined ? {} : { tags: options.tag }),
      ...(options.key === undefined ? {} : { key: options.key }),
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
      ...(options.timeout === undefined ? {} : { timeout: options.timeout as Duration }),
      ...cacheMode(options),
      ...(options.verifyCache === undefined ? {} : { verifyCache: readShare(options.verifyCache) }),
      ...failurePolicy(options.failure),
    }),
  )
}

/** `pipewright resume`. */
export async function resumeCommand(
  run: string,
  options: Pick<ResumeOptions, 'acceptCode' | 'takeOver'>,
): Promise<void> {
  await using pw = await openWorkspace()
  const { id, pipeline } = await pw.show(run)
  process.stderr.write(`workspace ${pw.root} · pipeline ${printable(pipeline)} · resuming ${id}\n`)
  await onScreen(pw, (screen) => pw.resume(id, { ...screen, ...options }), id)
}
