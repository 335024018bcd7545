import type { PlanNode, PlanScope } from '../../plan/document.ts'
import { bodiesOf, isTimed, isWait } from '../../plan/bodies.ts'
import type { PlanGraph } from '../../plan/locate.ts'
import { counted, durationText, numberText, printable } from '../text.ts'
import { remaining, roughly } from './estimate.ts'
import { bar, sparkline } from './gauges.ts'
import { NodeProgress } from './node-progress.ts'
import type { Fact, Row, RowState } from './row.ts'
import { mostLines, type RunProgress } from './run-progress.ts'
import { mapTimeLeft } from './time-left.ts'

const barCells = 10
/** The points of a curve, where there is room for them and where there is less. */
const sparkCells = [16, 8, 4]

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`
}

function metricFacts({ metrics }: NodeProgress): Fact[] {
  return [...metrics].slice(0, 2).map(([name, values]) => {
    const last = `${printable(name)} ${numberText(values.at(-1)!)}`
    return values.length < 3
      ? last
      : [...sparkCells.map((cells) => `${last} ${sparkline(values, cells)}`), last]
  })
}

function stateOf(node: NodeProgress): RowState {
  const { running, waiting, opened, ended, startedAt, finishedAt, undone } = node
  if (running.size > 0 || undone === 'running') return 'running'
  if (undone !== undefined) return undone === 'failed' ? 'failed' : 'stopped'
  if (waiting.size + opened.size > 0) return 'waiting'
  if (ended.failed > 0) return 'failed'
  if (ended.blocked + ended.skipped + ended.cancelled > 0) return 'stopped'
  if (ended.reused > 0 && ended.succeeded === 0) return 'reused'
  if (ended.succeeded > 0) return 'done'
  return startedAt === undefined || finishedAt !== undefined ? 'pending' : 'running'
}

/** What has become of an effect that was taken back. */
function undoFacts({ undone }: NodeProgress): string[] {
  if (undone === undefined) return []
  return [{ running: 'being taken back', undone: 'taken back', failed: 'could not be taken back' }[undone]]
}

/** What a node waits for, and until when at most. */
function waitFacts(node: PlanNode, own: NodeProgress, now: number): Fact[] {
  if (own.opened.size === 0) return own.endedCount > 0 ? stepFacts(own, now) : []
  const [until] = own.opened.values()
  const left = until === null || until === undefined ? undefined : roughly(Math.max(0, until - now))
  if (isTimed(node)) return left === undefined ? [] : [`goes on in ${left}`]
  const what =
    node.type === 'signal'
      ? `waits for the signal '${printable(node.signal)}'`
      : node.type === 'approve'
        ? `waits for a decision${node.by === undefined ? '' : ` by ${printable(node.by.join(', '))}`}`
        : 'waits'
  const message = node.type === 'approve' && node.message !== undefined ? [printable(node.message)] : []
  return [
    what,
    ...(own.opened.size === 1 ? [] : [`${own.opened.size} times`]),
    ...message,
    ...(left === undefined ? [] : [`${left} left`]),
  ]
}

/** The facts of one node that is a step. */
function stepFacts(node: NodeProgress, now: number): Fact[] {
  const { running, waiting, ended } = node
  const [one] = running.values()
  if (one !== undefined) {
    const elapsed = now - one.startedAt
    const left = one.share === undefined ? undefined : remaining(elapsed, one.share)
    return [
      durationText(elapsed),
      ...(one.share === undefined ? [] : [percent(one.share)]),
      ...(one.attempt > 1 ? [`attempt ${one.attempt}`] : []),
      ...(one.share === undefined ? [] : [bar(one.share, barCells)]),
      ...(left === undefined ? [] : [`ETA ${roughly(left)}`]),
      ...metricFacts(node),
    ]
  }
  const undo = undoFacts(node)
  if (undo.length > 0) return undo
  const [due] = waiting.values()
  const failure = node.error === undefined ? [] : [printable(node.error.split('\n')[0]!)]
  if (due !== undefined) return [`next try in ${roughly(due - now)}`, ...failure]
  if (ended.failed > 0) return failure
  if (ended.blocked > 0) return ['blocked']
  if (ended.skipped > 0) return ['skipped']
  if (ended.cancelled > 0) return ['cancelled']
  if (ended.reused > 0) return ['reused']
  if (ended.succeeded === 0) return []
  const retried = node.retries === 0 ? [] : [`${node.retries + 1} attempts`]
  return [durationText((node.finishedAt ?? now) - (node.startedAt ?? now)), ...retried, ...metricFacts(node)]
}

interface Sum {
  readonly ended: number
  readonly running: number
  readonly waiting: number
  readonly retries: number
  readonly reused: number
  readonly failed: number
}

/** Everything in the body of a map, in numbers. */
function sumOf(progress: RunProgress, scope: PlanScope, prefix: string): Sum {
  const sum = { ended: 0, running: 0, waiting: 0, retries: 0, reused: 0, failed: 0 }
  for (const node of scope.nodes) {
    const one = progress.nodes.get(prefix + node.id)
    if (one === undefined) continue
    sum.ended += one.endedCount
    sum.running += one.running.size
    sum.waiting += one.waiting.size
    sum.retries += one.retries
    sum.reused += one.ended.reused
    sum.failed += one.ended.failed
  }
  return sum
}

function mapFacts(
  progress: RunProgress,
  node: PlanNode & { type: 'map' },
  path: string,
  now: number,
): Fact[] {
  const map = progress.nodes.get(path)!
  if (map.items === undefined) return []
  const { ended, running, waiting, retries, reused, failed } = sumOf(progress, node.body, `${path}/`)
  const whole = map.items * Math.max(1, node.body.nodes.length)
  const share = whole === 0 ? 1 : ended / whole
  const isOver = map.endedCount > 0
  const elapsed = (isOver ? (map.finishedAt ?? now) : now) - (map.startedAt ?? now)
  const left = isOver ? undefined : mapTimeLeft(progress, node, path, now)
  const bodyMetrics = node.body.nodes.flatMap((child) => {
    const one = progress.nodes.get(`${path}/${child.id}`)
    return one === undefined ? [] : metricFacts(one)
  })
  return [
    `${map.itemsDone.toLocaleString('en')}/${map.items.toLocaleString('en')}`,
    ...(isOver ? [] : [percent(share)]),
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(left === undefined ? [] : [`ETA ${roughly(left)}`]),
    ...(isOver ? [durationText(elapsed)] : [bar(share, barCells)]),
    ...(reused === 0 ? [] : [`${reused.toLocaleString('en')} reused`]),
    ...(waiting === 0 ? [] : [`${waiting} waiting to retry`]),
    ...(retries === 0 ? [] : [counted(retries, 'retry', 'retries')]),
    ...bodyMetrics.slice(0, 1),
    ...(isOver ? [] : [durationText(elapsed)]),
    ...(running === 0 ? [] : [`${running} running`]),
  ]
}

/** What a node that holds others is doing, by what they do. */
function containerState(own: NodeProgress, inner: readonly Row[]): RowState {
  if (own.endedCount > 0) return stateOf(own)
  if (inner.some(({ state }) => state === 'running')) return 'running'
  if (inner.some(({ state }) => state === 'waiting')) return 'waiting'
  if (inner.some(({ state }) => state === 'failed')) return 'failed'
  return inner.some(({ state }) => state === 'done' || state === 'reused') ? 'running' : stateOf(own)
}

function itemRows(
  progress: RunProgress,
  node: PlanNode & { type: 'map' },
  path: string,
  depth: number,
  now: number,
): Row[] {
  const items = progress.nodes.get(path)?.items ?? 0
  if (items === 0 || items > mostLines) return []
  const rows: Row[] = []
  for (let item = 0; item < items; item++) {
    for (const child of node.body.nodes) {
      const one = progress.items.get(`${path}[${item}]/${child.id}`)
      if (one === undefined) continue
      const name = node.body.nodes.length === 1 ? `[${item}]` : `[${item}] ${printable(child.id)}`
      rows.push({ depth, state: stateOf(one), name, facts: stepFacts(one, now) })
    }
  }
  return rows
}

/** The rows of a scope, one for each node, those of what it holds below it. */
export function rowsOf(progress: RunProgress, plan: PlanGraph, now: number): Row[] {
  return scopeRows({ progress, plan, now }, plan.scope, '', 0, [])
}

interface Drawing {
  readonly progress: RunProgress
  readonly plan: PlanGraph
  readonly now: number
}

/** `calls` are the pipelines that this scope was reached by as recursions: these are drawn once. */
function scopeRows(
  drawing: Drawing,
  scope: PlanScope,
  prefix: string,
  depth: number,
  calls: readonly string[],
): Row[] {
  const { progress, now } = drawing
  return scope.nodes.flatMap((node) => {
    const path = prefix + node.id
    const own = progress.nodes.get(path) ?? new NodeProgress()
    const name = printable(node.id)
    if (node.type === 'step') return [{ depth, state: stateOf(own), name, facts: stepFacts(own, now) }]
    if (isWait(node)) return [{ depth, state: stateOf(own), name, facts: waitFacts(node, own, now) }]
    if (node.type === 'map') {
      const rows = itemRows(progress, node, path, depth + 1, now)
      const facts = mapFacts(progress, node, path, now)
      const failed = own.ended.failed > 0 ? stepFacts(own, now) : []
      return [{ depth, state: mapState(progress, node, path), name, facts: [...facts, ...failed] }, ...rows]
    }
    const inner =
      node.type === 'recurse'
        ? callRows(drawing, node, path, depth + 1, calls)
        : bodiesOf(node).flatMap(({ name: branch, scope: body }) => {
            const into = `${path}/${branch === undefined ? '' : `${branch}/`}`
            const rows = scopeRows(drawing, body, into, depth + 1, calls)
            // A branch that is not taken is not drawn.
            return branch !== undefined && rows.every(({ state }) => state === 'pending') ? [] : rows
          })
    return [
      { depth, state: containerState(own, inner), name, facts: containerFacts(node, own, now) },
      ...inner,
    ]
  })
}

/** What a recursion has expanded to: the calls inside of one another are counted in the rows of the first. */
function callRows(
  drawing: Drawing,
  node: PlanNode & { type: 'recurse' },
  path: string,
  depth: number,
  calls: readonly string[],
): Row[] {
  const scope = drawing.plan.pipelines?.[node.pipeline]?.scope
  if (scope === undefined || calls.includes(node.pipeline)) return []
  if (!scope.nodes.some(({ id }) => drawing.progress.nodes.has(`${path}/${id}`))) return []
  return scopeRows(drawing, scope, `${path}/`, depth, [...calls, node.pipeline])
}

function mapState(progress: RunProgress, node: PlanNode & { type: 'map' }, path: string): RowState {
  const own = progress.nodes.get(path)!
  if (own.endedCount > 0) return stateOf(own)
  if (own.items === undefined) return 'pending'
  const { running, waiting } = sumOf(progress, node.body, `${path}/`)
  return running === 0 && waiting > 0 ? 'waiting' : 'running'
}

function containerFacts(node: PlanNode, own: NodeProgress, now: number): Fact[] {
  const { ended, taken, rounds, error } = own
  if (ended.blocked > 0) return ['blocked']
  if (ended.skipped > 0) return ['skipped']
  if (ended.cancelled > 0) return ['cancelled']
  const facts: Fact[] = []
  if (taken.size > 0) facts.push(printable([...taken].join(', ')))
  if (node.type === 'loop' && rounds !== undefined)
    facts.push(own.endedCount > 0 ? counted(rounds, 'round') : `round ${rounds} of at most ${node.maxRounds}`)
  if (node.type === 'recurse' && own.endedCount > 1) facts.push(counted(own.endedCount, 'call'))
  if (node.type === 'handler' && own.startedAt === undefined)
    facts.push(node.on === 'failure' ? 'when the run fails' : 'at the end')
  // Of a step inside it is told there.
  if (ended.failed > 0 && error !== undefined && (node.type === 'loop' || node.type === 'recurse'))
    facts.push(...stepFacts(own, now))
  return facts
}
