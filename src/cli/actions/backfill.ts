import { LiveScreen } from '../../ui/live/live-screen.ts'
import { printable } from '../../ui/text.ts'
import type { BackfillOptions, BackfillProgress, BackfillReport } from '../../workspace/drive/backfill.ts'
import { openWorkspace } from '../../workspace/open.ts'
import { givenInputs, type InputOptions } from '../inputs/given-inputs.ts'
import { print, printJson, printNext } from '../output.ts'
import { openProject } from '../project.ts'
import { sameWords } from '../shell-word.ts'
import { environmentLine } from '../../ui/environment-text.ts'
import { isDrawable } from '../views/open-view.ts'
import { stopOnSignals } from './drive.ts'

/** What `pipewright backfill` is given. */
export interface BackfillArguments extends InputOptions {
  readonly from: string
  readonly to: string
  readonly cron?: string
  readonly timezone?: string
  readonly concurrency?: number
  readonly json?: boolean
}

/** More failures are counted. */
const mostFailures = 20

function progressText({ total, succeeded, failed, running }: BackfillProgress): string {
  const done = succeeded + failed
  return `${done}/${total} (${Math.floor((done / total) * 100)} %) · ${running} running · ${failed} failed`
}

/** A line that is kept up to date on a terminal; elsewhere one for each time that is done. */
function progressPrinter(): {
  tell: (progress: BackfillProgress) => void
  print: (line: string) => void
  close: () => void
} {
  const { stderr } = process
  if (!isDrawable(stderr))
    return {
      print: (line) => void stderr.write(`${line}\n`),
      tell: (progress) => {
        if (progress.state !== undefined)
          stderr.write(
            `${progress.state.padEnd(10)} ${progress.time.toISOString()}  ${progressText(progress)}\n`,
          )
      },
      close: () => undefined,
    }
  const screen = new LiveScreen({
    get columns() {
      return stderr.columns
    },
    write: (text) => void stderr.write(text),
  })
  let last: readonly string[] = []
  return {
    tell: (progress) => screen.draw((last = [progressText(progress).slice(0, stderr.columns - 1)])),
    print: (line) => screen.print(line, last),
    close: () => screen.close(),
  }
}

/** The values of `-i` for a time, by the wall clock of a time zone. */
function textsFor(time: Date, timezone: string, texts: readonly string[]): string[] {
  const date = new Intl.DateTimeFormat('en-CA', { timeZone: timezone }).format(time)
  return texts.map((text) => text.replaceAll('{date}', date).replaceAll('{time}', time.toISOString()))
}

/** `pipewright backfill`. */
export async function backfillCommand(subject: string, options: BackfillArguments): Promise<void> {
  const { from, to, cron, timezone, concurrency, input, inputs: file, json = false } = options
  await using pw = await openWorkspace()
  const schedule = (await pw.schedules()).find(({ name }) => name === subject)
  // A schedule has its own.
  const pipeline = schedule === undefined ? (await openProject(subject)).pipeline : undefined
  const zone = timezone ?? schedule?.timezone ?? 'UTC'
  const printer = json ? undefined : progressPrinter()
  const forgetEnvironments = pw.onEnvironment((progress) => printer?.print(environmentLine(progress)))
  const { signal, forget } = stopOnSignals(
    { notice: (text) => void process.stderr.write(`${text}\n`), end: () => printer?.close() },
    () => undefined,
  )
  const given: BackfillOptions<Readonly<Record<string, unknown>>> = {
    from,
    to,
    signal,
    options: { captureConsole: true },
    ...(cron === undefined ? {} : { cron }),
    ...(timezone === undefined ? {} : { timezone }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(pipeline === undefined
      ? {}
      : {
          inputs: (time: Date) =>
            givenInputs(pipeline, {
              input: textsFor(time, zone, input ?? []),
              ...(file === undefined ? {} : { inputs: file }),
            }),
        }),
    ...(printer === undefined ? {} : { onProgress: (progress) => printer.tell(progress) }),
  }
  let report: BackfillReport
  try {
    report =
      pipeline === undefined
        ? await pw.backfill(subject, given)
        : await pw.backfill(pipeline as never, given as never)
  } finally {
    printer?.close()
    forget()
    forgetEnvironments()
  }
  const { total, succeeded, failed, left } = report
  if (signal.aborted) process.exitCode = 130
  else if (failed.length > 0) process.exitCode = 1
  if (json) return printJson({ total, succeeded, failed: failed.map(failureDocument), left })
  print(
    `${succeeded} of ${total} succeeded, ${failed.length} did not${left > 0 ? `, ${left} were not begun` : ''}`,
  )
  for (const { time, run, message } of failed.slice(0, mostFailures))
    print(`  ${time.toISOString()}  ${run ?? ''}  ${printable(message.split('\n')[0]!)}`)
  if (failed.length > mostFailures) print(`  … and ${failed.length - mostFailures} more`)
  await printNext(
    failed.length + left > 0
      ? `${sameWords('backfill', [])} (what has succeeded is not run again)`
      : 'pipewright runs --tag backfill',
  )
}

function failureDocument({ time, run, message }: BackfillReport['failed'][number]): object {
  return { time: time.toISOString(), run, message }
}
