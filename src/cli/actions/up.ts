import { jsonText } from '../../ui/json-text.ts'
import type { Duration } from '../../internal/duration.ts'
import { LiveScreen } from '../../ui/live/live-screen.ts'
import { paletteFor, type Palette } from '../../ui/palette.ts'
import { counted, printable } from '../../ui/text.ts'
import type { DriveEvent } from '../../workspace/drive/drive-event.ts'
import { openWorkspace } from '../../workspace/open.ts'
import { printNext } from '../output.ts'
import { serveCalls } from '../serve-calls.ts'
import { environmentLine } from '../../ui/environment-text.ts'
import { isDrawable } from '../views/open-view.ts'
import { stopOnSignals } from './drive.ts'

/** What `pipewright up` is given. */
export interface UpArguments {
  readonly runs?: number
  readonly interval?: string
  readonly port?: number
  readonly host: string
  readonly json?: boolean
}

const labelWidth = 10

/** An event as a line for people. */
function lineOf(event: DriveEvent, { good, bad, careful, faint, busy }: Palette): string {
  const line = (label: string, colour: (text: string) => string, text: string): string =>
    `${faint(new Date(event.at).toISOString().slice(0, 19))} ${colour(label.padEnd(labelWidth))} ${printable(text)}`
  switch (event.type) {
    case 'drive.started':
      return line(
        'up',
        good,
        `${counted(event.schedules, 'schedule')}, ${counted(event.triggers, 'trigger')}, pipelines: ${event.pipelines.join(', ') || 'none'}`,
      )
    case 'firing.fired':
      return line('fired', busy, `${event.origin}  ${event.key}`)
    case 'firing.skipped':
      return line('skipped', careful, `${event.origin}  ${event.key}: ${event.reason}`)
    case 'firing.failed':
      return line('failed', bad, `${event.origin}  ${event.key}: ${headline(event.error.message)}`)
    case 'run.started':
      return line('started', busy, `${event.pipeline}  ${event.run}`)
    case 'run.taken-up':
      return line('taken up', busy, `${event.pipeline}  ${event.run} (${event.because})`)
    case 'run.ended': {
      const { state, error } = event
      const colour = state === 'succeeded' ? good : state === 'failed' ? bad : careful
      const reason = state === 'failed' && error !== undefined ? `: ${headline(error.message)}` : ''
      return line(state, colour, `${event.pipeline}  ${event.run}${reason}`)
    }
    case 'drive.trouble':
      return line('trouble', bad, `${event.subject}: ${headline(event.error.message)}`)
    case 'drive.stopped':
      return line('stopped', careful, `${counted(event.givenUp.length, 'run')} given up`)
  }
}

function headline(text: string): string {
  return text.split('\n')[0]!
}

/** How lines are printed: with what goes on below them on a terminal. */
function linePrinter(): { print: (line: string, status: string) => void; close: () => void } {
  const { stdout } = process
  if (!isDrawable(stdout)) return { print: (line) => void stdout.write(`${line}\n`), close: () => undefined }
  const screen = new LiveScreen({
    get columns() {
      return stdout.columns
    },
    write: (text) => void stdout.write(text),
  })
  return {
    print: (line, status) => screen.print(line, [status.slice(0, Math.max(1, stdout.columns - 1))]),
    close: () => screen.close(),
  }
}

/** `pipewright up`. */
export async function upCommand(options: UpArguments): Promise<void> {
  const { runs, interval, port, host, json = false } = options
  await using pw = await openWorkspace()
  const palette = await paletteFor(process.stdout)
  if (!json) process.stderr.write(`workspace ${printable(pw.root)} · Ctrl-C stops\n`)
  const printer = json ? undefined : linePrinter()
  const notice = (text: string): void => void process.stderr.write(`${text}\n`)
  const { signal, forget } = stopOnSignals(
    { notice, end: () => printer?.close() },
    () => undefined,
    'stopping: nothing new starts, runs are given up; Ctrl-C again stops now',
  )
  const going = new Set<string>()
  const onEvent = (event: DriveEvent): void => {
    if (json) return void process.stdout.write(`${jsonText(event)}\n`)
    if (event.type === 'run.started' || event.type === 'run.taken-up') going.add(event.run)
    if (event.type === 'run.ended') going.delete(event.run)
    printer!.print(lineOf(event, palette), `${counted(going.size, 'run')} going on`)
  }
  const forgetEnvironments = pw.onEnvironment((progress) =>
    printer?.print(environmentLine(progress), `${counted(going.size, 'run')} going on`),
  )
  const server = port === undefined ? undefined : await serveCalls(pw.callHandler(), { port, host })
  if (server !== undefined && !json) notice(`calls: POST http://${host}:${server.port}/<trigger>`)
  try {
    await pw.drive({
      signal,
      onEvent,
      captureConsole: true,
      ...(runs === undefined ? {} : { runs }),
      ...(interval === undefined ? {} : { interval: interval as Duration }),
    })
  } finally {
    printer?.close()
    forget()
    forgetEnvironments()
    await server?.close()
  }
  if (!json) await printNext('pipewright up goes on with what was given up', 'pipewright runs')
}
