import type { PlanGraph } from '../../plan/locate.ts'
import { fit, widthOf } from '../fit.ts'
import type { Palette } from '../palette.ts'
import { durationText, printable } from '../text.ts'
import { roughly } from './estimate.ts'
import { folded, lineOf, spinner } from './row.ts'
import { rowsOf } from './rows.ts'
import type { RunProgress } from './run-progress.ts'
import { runTimeLeft } from './time-left.ts'

/** The place that a frame has, and the time that it shows. */
export interface FrameRequest {
  readonly title: string
  readonly columns: number
  /** Lines that the frame may take. */
  readonly lines: number
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly startedAt: number
  /** Rises with each frame. */
  readonly frame: number
  /** What is going on beside the nodes, such as `stopping`. */
  readonly note: string | undefined
  readonly palette: Palette
}

/** A frame before anything of the run is known. */
export function emptyFrame(request: FrameRequest): string[] {
  const { title, columns, now, startedAt, frame, note = 'reading code and sources', palette } = request
  const mark = spinner[frame % spinner.length]!
  const text = fit(`${printable(title)}  ${note}  ${durationText(now - startedAt)}`, columns - 2)
  return columns < 3 ? [] : [`${palette.busy(mark)} ${text}`]
}

/** Draws a run as it goes on: a line for the whole, then one for each node; never more lines or cells than there are. */
export function frameOf(progress: RunProgress, plan: PlanGraph, request: FrameRequest): string[] {
  const { columns, lines, now, frame, palette } = request
  if (columns < 1 || lines < 1) return []
  const head = [headOf(progress, plan, request)]
  if (request.note !== undefined && lines > 1)
    head.push(palette.careful(fit(printable(request.note), columns)))
  const rows = folded(rowsOf(progress, plan, now), lines - head.length)
  return [...head, ...rows.map((row) => lineOf(row, columns, frame, palette))]
}

function headOf(
  progress: RunProgress,
  { scope }: PlanGraph,
  { title, columns, now, startedAt, note, palette }: FrameRequest,
): string {
  let done = 0
  let reused = 0
  let failed = 0
  for (const node of progress.nodes.values()) {
    done += node.ended.succeeded
    reused += node.ended.reused
    failed += node.ended.failed
  }
  const left = runTimeLeft(progress, scope, now)
  const facts = [
    durationText(now - startedAt),
    ...(failed === 0 ? [] : [palette.bad(`${failed.toLocaleString('en')} failed`)]),
    `${done.toLocaleString('en')} done`,
    ...(reused === 0 ? [] : [`${reused.toLocaleString('en')} reused`]),
    ...(left === undefined || note !== undefined ? [] : [`ETA ${roughly(left)}`]),
  ]
  const name = fit(printable(title), columns)
  let text = palette.strong(name)
  let room = columns - widthOf(name)
  for (const [index, fact] of facts.entries()) {
    const width = widthOf(fact) + (index === 0 ? 2 : 3)
    if (width > room) continue
    text += index === 0 ? `  ${fact}` : ` · ${fact}`
    room -= width
  }
  return text
}
