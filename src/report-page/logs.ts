import { limits, type Budget } from './budget.ts'
import { shown } from './shown.ts'
import type { PageCurve, PageLog } from './page-data.ts'

type Point = readonly [number, number]

/** Of long curves the lowest and the highest point of each stretch: a peak must not vanish. */
export function thinCurve(points: readonly Point[], most: number = limits.curvePoints): readonly Point[] {
  if (points.length <= most) return points
  const stretches = Math.floor((most - 2) / 2)
  const kept: Point[] = [points[0]!]
  for (let stretch = 0; stretch < stretches; stretch++) {
    const [from, to] = [stretch, stretch + 1].map((at) =>
      Math.floor(1 + (at * (points.length - 2)) / stretches),
    ) as [number, number]
    let [low, high] = [from, from]
    for (let at = from; at < to; at++) {
      if (points[at]![1] < points[low]![1]) low = at
      if (points[at]![1] > points[high]![1]) high = at
    }
    kept.push(points[Math.min(low, high)]!)
    if (low !== high) kept.push(points[Math.max(low, high)]!)
  }
  kept.push(points.at(-1)!)
  return kept
}

interface Line {
  readonly at: number
  readonly level?: string
  readonly message?: string
  readonly fields?: unknown
  readonly metric?: string
  readonly value?: number | string
  readonly step?: number
}

function parsed(line: string): Line | undefined {
  try {
    return JSON.parse(line) as Line
  } catch {
    // The last line of a process that was killed may be half of one.
    return undefined
  }
}

/** A line as a page shows it. */
export function logLine(
  { at, level = 'info', message = '', fields }: Line,
  startedAt: number,
): PageLog['lines'][number] {
  const head = [at - startedAt, shown(level, 20), shown(message, 4_000)] as const
  return fields === undefined ? head : [...head, shown(JSON.stringify(fields), 2_000)]
}

function curveOf(name: string, points: readonly Point[]): PageCurve {
  const sorted = points.toSorted((a, b) => a[0] - b[0])
  const isDrawn = ([, value]: Point): boolean => Number.isFinite(value)
  const others = sorted.filter((point) => !isDrawn(point))
  const drawn = sorted.filter(isDrawn)
  return {
    name: shown(name, 120),
    points: thinCurve(drawn),
    count: drawn.length,
    ...(others.length === 0 ? {} : { notFinite: { count: others.length, step: others[0]![0] } }),
  }
}

/** The log of an attempt with the curves of its metrics; times count from the start of the run. */
export function logOf(text: string, startedAt: number, budget: Budget): PageLog {
  const lines: PageLog['lines'][number][] = []
  const series = new Map<string, Point[]>()
  for (const row of text.split('\n')) {
    const line = row === '' ? undefined : parsed(row)
    if (line === undefined) continue
    if (line.metric === undefined) {
      lines.push(logLine(line, startedAt))
    } else if (line.step !== undefined) {
      const points = series.get(line.metric) ?? []
      // What is not finite was written as text.
      points.push([line.step, Number(line.value)])
      series.set(line.metric, points)
    }
  }
  const kept: (typeof lines)[number][] = []
  // The last lines tell most.
  for (const line of lines.toReversed()) {
    if (kept.length === limits.logLines || !budget.take(line[2].length + (line[3]?.length ?? 0) + 30)) break
    kept.push(line)
  }
  const curves = [...series].map(([name, points]) => curveOf(name, points))
  return { lines: kept.toReversed(), omitted: lines.length - kept.length, curves }
}
