import type { RunQuery } from '../../record/records.ts'
import { colourOfState, paletteFor } from '../../ui/palette.ts'
import { tableText } from '../../ui/table-text.ts'
import { counted, durationText, printable } from '../../ui/text.ts'
import type { OverdueWork } from '../../workspace/drive/automation.ts'
import { openWorkspace } from '../../workspace/open.ts'
import { optionError, wordOf } from '../option-values.ts'
import { runStates } from '../option-words.ts'
import { print, printJson, printNext } from '../output.ts'
import { findWorkspace } from '../project.ts'

/** As many as a page has. */
const mostRuns = 1_000
/** On a narrower terminal the start of an id stands for it, which commands take as well. */
const wide = 100
/** Enough of an id that no other run has it: its time, and some of what is random. */
const idStart = 18

/** What `pipewright runs` is given. */
export interface RunsArguments extends Omit<RunQuery, 'since' | 'orderBy' | 'state'> {
  readonly state?: string
  readonly json?: boolean
}

/** What is due and not begun; undefined where that is nothing. Interrupted runs are in the list. */
function overdueText({ schedules, firings, waiting }: OverdueWork): string | undefined {
  const due = [
    ...(schedules.length > 0
      ? [`${counted(schedules.length, 'schedule')} (${printable(schedules.slice(0, 5).join(', '))})`]
      : []),
    ...(firings > 0 ? [counted(firings, 'firing')] : []),
    ...(waiting > 0 ? [`${counted(waiting, 'run')} whose wait is over`] : []),
  ]
  return due.length === 0
    ? undefined
    : `nothing drives this workspace, and there is due work: ${due.join(', ')}`
}

/** `pipewright runs`. */
export async function runsCommand({ json = false, state, ...others }: RunsArguments): Promise<void> {
  const query = {
    ...others,
    ...(state === undefined ? {} : { state: wordOf('--state', state, 'not a state of a run', runStates) }),
  }
  if ((query.limit ?? 1) > mostRuns)
    throw optionError('--limit', String(query.limit), 'too many', `give at most ${mostRuns}; --after goes on`)
  const { root, exists } = await findWorkspace()
  if (!exists) {
    // Looking makes no workspace.
    if (json) return printJson({ items: [], next: null })
    print(`no runs in ${printable(root)}: nothing was run yet`)
    return printNext('pipewright run <file>')
  }
  await using pw = await openWorkspace()
  const { items, next } = await pw.runs({ limit: 20, ...query })
  if (json) return printJson({ items, next: next ?? null })
  if (items.length === 0) {
    const isFiltered = [query.pipeline, state, query.tag, query.after].some((one) => one !== undefined)
    print(`no runs in ${printable(root)}${isFiltered ? ' that fit' : ''}`)
    return printNext(isFiltered ? 'pipewright runs' : 'pipewright run <file>')
  }
  const palette = await paletteFor(process.stdout)
  const isNarrow = (process.stdout.columns ?? wide) < wide
  const rows = items.map((run) => [
    isNarrow ? run.id.slice(0, idStart) : run.id,
    printable(run.pipeline),
    colourOfState(run.state, palette)(run.state),
    new Date(run.startedAt).toISOString().replace('T', ' ').slice(0, 19),
    run.finishedAt === null ? '' : durationText(run.finishedAt - run.startedAt),
    printable(run.tags.join(' ')),
  ])
  const { columns } = process.stdout
  print(tableText(['run', 'pipeline', 'state', 'started (UTC)', 'took', 'tags'], rows, { palette, columns }))
  const overdue = overdueText(await pw.overdue())
  if (overdue !== undefined) print(overdue)
  const more = next === undefined ? 'pipewright show <run>' : `pipewright runs --after ${next}`
  await (overdue === undefined ? printNext(more) : printNext('pipewright up', more))
}
