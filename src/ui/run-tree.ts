import { byteText } from '../internal/byte-size.ts'
import type { Plan, PlanNode, PlanScope } from '../plan/document.ts'
import { bodiesOf, isWait, repeats } from '../plan/bodies.ts'
import type { PlanGraph } from '../plan/locate.ts'
import { itemsIn } from '../plan/node-path.ts'
import { placeOf } from '../lineage/unfinished.ts'
import type { ExecutionRecord, RunDetail } from '../record/records.ts'
import { counted, durationText, numberText, printable } from './text.ts'
import { placeText } from './unfinished-text.ts'

/** More items of a map, or rounds of a loop, than this are folded into one line. */
const mostItems = 12

/** Of these, so many that have failed are shown all the same. */
const mostFailed = 3

/** More metrics of a node than this are not told beside it. */
const mostMetrics = 4

const marks: Readonly<Record<string, string>> = {
  succeeded: '✓',
  reused: '↺',
  failed: '✗',
  running: '…',
  waiting: '◷',
  blocked: '⊘',
  skipped: '−',
  cancelled: '■',
  'not run': '○',
}

interface Branch {
  readonly text: string
  readonly children: readonly Branch[]
}

function stateOf(execution: ExecutionRecord | undefined): string {
  if (execution === undefined) return 'not run'
  return execution.reused === null ? execution.state : 'reused'
}

function factsOf(execution: ExecutionRecord): string {
  const parts: string[] = []
  if (execution.reused !== null) parts.push(`from run ${execution.reused.run.slice(0, 13)}`)
  else if (execution.step !== null && execution.finishedAt !== null)
    parts.push(durationText(execution.finishedAt - execution.startedAt))
  const usage = execution.attempts.at(-1)?.usage
  if (usage !== undefined)
    parts.push(usage.memory === undefined ? usage.runner : `${usage.runner} ${byteText(usage.memory)}`)
  if (execution.attempts.length > 1) parts.push(`${execution.attempts.length} attempts`)
  const repaired = execution.attempts.findLast((attempt) => attempt.repaired !== undefined)?.repaired
  if (repaired !== undefined)
    parts.push(`was lost, made again for ${repaired.by === '' ? 'the outputs' : printable(repaired.by)}`)
  // What failed has reported in its last try.
  const { metrics: reported = execution.metrics } = execution.attempts.at(-1)?.facts ?? {}
  const metrics = Object.entries(reported).slice(0, mostMetrics)
  if (metrics.length > 0)
    parts.push(metrics.map(([name, { last }]) => `${printable(name)} ${numberText(last)}`).join(', '))
  if (execution.blockedBy !== undefined) parts.push(`by ${printable(execution.blockedBy)}`)
  if (execution.error !== null) parts.push(printable(execution.error.message.split('\n')[0]!))
  return parts.join(' · ')
}

/** Items by their number, those with keys in the order of their names. */
const byNumber = new Intl.Collator('en', { numeric: true })

/** Who has decided an approval, as its outputs tell. */
function decidedBy(node: PlanNode, { outputs }: ExecutionRecord): string[] {
  const by = outputs['by']
  if (node.type !== 'approve' || by === undefined || !('value' in by)) return []
  const approved = outputs['approved']
  const isApproved = approved !== undefined && 'value' in approved && approved.value === true
  return [
    `${isApproved ? 'approved' : 'rejected'} by ${printable(typeof by.value === 'string' ? by.value : 'nobody')}`,
  ]
}

function undoText({ state, error }: RunDetail['undone'][number]): string {
  if (state === 'undone') return 'taken back'
  if (state === 'running') return 'being taken back'
  return `could not be taken back: ${printable(error?.message.split('\n')[0] ?? '')}`
}

class RunTree {
  readonly #plan: PlanGraph
  readonly #byPath: ReadonlyMap<string, ExecutionRecord>
  readonly #items: ReadonlyMap<string, readonly string[]>
  readonly #undone: ReadonlyMap<string, RunDetail['undone'][number]>
  /** The paths that something was executed below. */
  readonly #outer = new Set<string>()

  constructor(plan: PlanGraph, { executions, undone }: RunDetail) {
    this.#plan = plan
    this.#byPath = new Map(executions.map((execution) => [execution.node, execution]))
    this.#undone = new Map(undone.map((effect) => [effect.node, effect]))
    const items = new Map<string, Set<string>>()
    for (const { node } of executions) {
      for (const { map, name } of itemsIn(node)) items.set(map, (items.get(map) ?? new Set()).add(name))
      for (let end = node.lastIndexOf('/'); end > 0; end = node.lastIndexOf('/', end - 1))
        this.#outer.add(node.slice(0, end))
    }
    this.#items = new Map(
      [...items].map(([map, names]) => [map, [...names].toSorted((a, b) => byNumber.compare(a, b))]),
    )
  }

  branches(scope: PlanScope, prefix: string): Branch[] {
    return scope.nodes.map((node) => this.#branch(node, prefix + node.id))
  }

  #branch(node: PlanNode, path: string): Branch {
    const execution = this.#byPath.get(path)
    const inner = this.#children(node, path)
    // Containers say where by what they hold.
    const place = execution?.step == null || execution.error === null ? undefined : placeOf(execution.error)
    const children = place === undefined ? inner : [{ text: placeText(place), children: [] }, ...inner]
    let state = stateOf(execution)
    if (execution === undefined && inner.some(({ text }) => !text.startsWith(marks['not run']!)))
      state = 'running'
    const parts = [`${marks[state]} ${printable(node.id)}`]
    if (repeats(node))
      parts.push(counted(this.#items.get(path)?.length ?? 0, node.type === 'map' ? 'item' : 'round'))
    if (state !== 'succeeded' && state !== 'not run') parts.push(state)
    if (node.type === 'signal' && state === 'waiting')
      parts.push(`for the signal '${printable(node.signal)}'`)
    if (node.type === 'approve' && state === 'waiting')
      parts.push(`for a decision${node.by === undefined ? '' : ` by ${printable(node.by.join(', '))}`}`)
    if (isWait(node) && execution?.state === 'succeeded' && execution.finishedAt !== null)
      parts.push(
        [
          `waited ${durationText(execution.finishedAt - execution.startedAt)}`,
          ...decidedBy(node, execution),
        ].join(' · '),
      )
    if (node.type === 'handler' && execution === undefined)
      parts.push(node.on === 'failure' ? 'when the run fails' : 'at the end')
    const undone = this.#undone.get(path)
    if (undone !== undefined) parts.push(undoText(undone))
    const facts = execution === undefined ? '' : factsOf(execution)
    if (facts !== '') parts.push(facts)
    return { text: parts.join('  '), children }
  }

  #children(node: PlanNode, path: string): Branch[] {
    if (node.type === 'recurse') {
      // A call that was never made has nothing inside.
      const called = this.#outer.has(path) ? this.#plan.pipelines?.[node.pipeline]?.scope : undefined
      return called === undefined ? [] : this.branches(called, `${path}/`)
    }
    if (repeats(node)) {
      const items = this.#items.get(path) ?? []
      if (items.length > mostItems) return [this.#folded(path, items), ...this.#failedIn(path)]
      return items.map((item) => ({
        text: printable(`[${item}]`),
        children: this.branches(node.body, `${path}[${item}]/`),
      }))
    }
    return bodiesOf(node).flatMap(({ name, scope }) => {
      const inner = this.branches(scope, name === undefined ? `${path}/` : `${path}/${name}/`)
      return name === undefined || inner.every(({ text }) => text.startsWith(marks['not run']!))
        ? name === undefined
          ? inner
          : []
        : [{ text: name, children: inner }]
    })
  }

  /** The first steps that have failed in a map of which the items are folded. */
  #failedIn(path: string): Branch[] {
    const found: Branch[] = []
    for (const [node, execution] of this.#byPath) {
      if (!node.startsWith(`${path}[`) || execution.step === null || execution.error === null) continue
      const place = placeOf(execution.error)
      found.push({
        text: `${marks['failed']} ${printable(node.slice(path.length))}  failed  ${factsOf(execution)}`,
        children: place === undefined ? [] : [{ text: placeText(place), children: [] }],
      })
      if (found.length === mostFailed) break
    }
    return found
  }

  #folded(path: string, items: readonly string[]): Branch {
    const states = new Map<string, number>()
    for (const [node, execution] of this.#byPath) {
      if (node.startsWith(`${path}[`))
        states.set(stateOf(execution), (states.get(stateOf(execution)) ?? 0) + 1)
    }
    const counts = [...states].map(([state, count]) => `${count.toLocaleString('en')} ${state}`).join(', ')
    const text = [`[${items[0]}…${items.at(-1)}]  ${counts}`, ...this.#ranges(path)].join(' · ')
    return { text: printable(text), children: [] }
  }

  /** From where to where the metrics of all items go, by the last value of each. */
  #ranges(path: string): string[] {
    const ranges = new Map<string, [low: number, high: number]>()
    for (const [node, { metrics }] of this.#byPath) {
      if (!node.startsWith(`${path}[`)) continue
      for (const [name, { last }] of Object.entries(metrics)) {
        const [low, high] = ranges.get(name) ?? [last, last]
        // What is no number says nothing of how far the others go.
        if (Number.isNaN(low)) ranges.set(name, [last, last])
        else if (Number.isNaN(last)) ranges.set(name, [low, high])
        else ranges.set(name, [Math.min(low, last), Math.max(high, last)])
      }
    }
    return [...ranges]
      .slice(0, mostMetrics)
      .map(([name, [low, high]]) =>
        Object.is(low, high)
          ? `${name} ${numberText(low)}`
          : `${name} ${numberText(low)} to ${numberText(high)}`,
      )
  }
}

function draw(branches: readonly Branch[], indent: string, out: string[]): void {
  for (const [index, { text, children }] of branches.entries()) {
    const last = index === branches.length - 1
    out.push(`${indent}${last ? '└─ ' : '├─ '}${text}`)
    draw(children, `${indent}${last ? '   ' : '│  '}`, out)
  }
}

/**
 * Draws a run as a tree of its nodes with states, times, hits and metrics.
 *
 * @example
 * ```ts
 * console.log(renderRun(await pw.show(run.id), await pw.planOf(run.id)))
 * ```
 */
export function renderRun(detail: RunDetail, plan: Pick<Plan, 'scope' | 'pipelines'>): string {
  const took = detail.finishedAt === null ? '' : ` in ${durationText(detail.finishedAt - detail.startedAt)}`
  const reused = detail.executions.filter((execution) => execution.reused !== null).length
  const facts = [
    `${detail.state}${took}`,
    ...(reused === 0 ? [] : [`${reused} reused`]),
    ...(detail.rerunOf === null ? [] : [`repeats a part of run ${detail.rerunOf}`]),
  ]
  const out = [`${printable(detail.pipeline)}  run ${detail.id}  ${facts.join(', ')}`]
  draw(new RunTree(plan, detail).branches(plan.scope, ''), '', out)
  return out.join('\n')
}
