import type { Plan } from '../plan/document.ts'
import type { RunDetail } from '../record/records.ts'
import { fit } from './fit.ts'
import type { Palette } from './palette.ts'
import { renderRun } from './run-tree.ts'

/** Where in the code a node has failed. */
const place = /[├└]─ at \S+:\d+:\d+$/u
const branch = /^((?:│ {2}| {3})*[├└]─ )(\S)(?= )/u
/** The lines of the tree before what stands on them. */
const lines = /^(?:│ {2}| {3})*[├└]─ /u

function coloured(line: string, { good, bad, careful, busy, faint }: Palette): string {
  const colours: Readonly<Record<string, (text: string) => string>> = {
    '✓': good,
    '↺': good,
    '✗': bad,
    '…': busy,
    '◷': careful,
    '⊘': careful,
    '−': faint,
    '■': careful,
    '○': faint,
  }
  const mark = branch.exec(line)?.[2]
  const colour = mark === undefined ? undefined : colours[mark]
  return line.replace(lines, (drawn) => faint(drawn)).replace(mark ?? '', colour ?? ((text) => text))
}

/** The tree of a run for a terminal: coloured marks, and lines that fit, but for those that say what has failed. */
export function runScreen(
  detail: RunDetail,
  plan: Pick<Plan, 'scope' | 'pipelines'>,
  palette: Palette,
  columns: number | undefined,
): string {
  return renderRun(detail, plan)
    .split('\n')
    .map((line, index) => {
      const isWhole =
        columns === undefined || index === 0 || branch.exec(line)?.[2] === '✗' || place.test(line)
      return coloured(isWhole ? line : fit(line, columns), palette)
    })
    .join('\n')
}
