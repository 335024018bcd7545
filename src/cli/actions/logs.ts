import type { LogLevel } from '../../execute/context.ts'
import { jsonText } from '../../ui/json-text.ts'
import { paletteFor, type Palette } from '../../ui/palette.ts'
import { printable } from '../../ui/text.ts'
import type { LogLine } from '../../workspace/segment.ts'
import { wordOf } from '../option-values.ts'
import { logLevels } from '../option-words.ts'
import { print, printNext } from '../output.ts'
import { openExisting, runNamed } from '../project.ts'

/** What `pipewright logs` is given. */
export interface LogsArguments {
  readonly follow?: boolean
  readonly level?: string
  readonly tail?: number
  readonly json?: boolean
}

function levelOf(level: string | undefined): { readonly level?: LogLevel } {
  return level === undefined ? {} : { level: wordOf('--level', level, 'not a level', logLevels) }
}

function lineText({ at, node, attempt, level, message, fields }: LogLine, palette: Palette): string {
  const time = new Date(at).toISOString().slice(11, 23)
  const colour = level === 'error' ? palette.bad : level === 'warn' ? palette.careful : palette.faint
  const place = attempt > 1 ? `${node} #${attempt}` : node
  const text = fields === undefined ? message : `${message} ${JSON.stringify(fields)}`
  // A stack is a message of several lines.
  return text
    .split('\n')
    .map((line) => `${palette.faint(time)} ${colour(level.padEnd(5))} ${printable(`${place}: ${line}`)}`)
    .join('\n')
}

/** `pipewright logs`. */
export async function logsCommand(
  given: string | undefined,
  node: string | undefined,
  { follow = false, level, tail, json = false }: LogsArguments,
): Promise<void> {
  const least = levelOf(level)
  await using pw = await openExisting()
  const run = await runNamed(pw, given)
  const palette = await paletteFor(process.stdout)
  const stop = new AbortController()
  if (follow) process.once('SIGINT', () => stop.abort())
  const options = { follow, ...least, ...(node === undefined ? {} : { node }), signal: stop.signal }
  const show = (line: LogLine): void =>
    json ? void process.stdout.write(`${jsonText({ run, ...line })}\n`) : print(lineText(line, palette))
  const last: LogLine[] = []
  let count = 0
  for await (const line of pw.logs(run, options)) {
    count++
    if (tail === undefined || follow) show(line)
    else if (last.push(line) > tail) last.shift()
  }
  for (const line of last) show(line)
  if (json) return
  if (count === 0) {
    const { executions } = await pw.show(run)
    const reused = executions.find((one) => one.reused !== null)?.reused ?? undefined
    print(`nothing was logged${node === undefined ? '' : ` at ${printable(node)}`} in run ${run}`)
    // A hit has logged nothing; what it reuses may have.
    if (reused !== undefined) return printNext(`pipewright logs ${reused.run} for what was reused`)
  }
  await printNext(`pipewright show ${run}`)
}
