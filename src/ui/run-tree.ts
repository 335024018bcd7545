import type { Plan, PlanNode, PlanScope } from '../plan/document.ts'
import { bodiesOf } from '../plan/bodies.ts'
import { placeOf } from '../lineage/unfinished.ts'
import type { ExecutionRecord, RunDetail } from '../record/records.ts'
import { durationText, numberText, printable } from './text.ts'
import { placeText } from './unfinished-text.ts'

/** More items of a map than this are folded into one line. */
const mostItems = 12

/** Of these, so many that have failed are shown all the same. */
const mostFailed = 3

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
  if (execution.attempts.length > 1) parts.push(`${execution.attempts.length} attempts`)
  const repaired = execution.attempts.findLast((attempt) => attempt.repaired !== undefined)?.repaired
  if (repaired !== undefined)
    parts.push(`was lost, made again for ${repaired.by === '' ? 'the outputs' : printable(repaired.by)}`)
  // What failed has reported in its last try.
  const { metrics: reported = execution.metrics } = execution.attempts.at(-1)?.facts ?? {}
  const metrics = Object.entries(reported).slice(0, 4)
  if (metrics.length > 0)
    parts.push(metrics.map(([name, { last }]) => `${printable(name)} ${numberText(last)}`).join(', '))
  if (execution.blockedBy !== undefined) parts.push(`by ${printable(execution.blockedBy)}`)
  if (execution.error !== null) parts.push(printable(execution.error.message.split('\n')[0]!))
  return parts.join(' · ')
}

class RunTree {
  readonly #byPath: ReadonlyMap<string, ExecutionRecord>
  readonly #items: ReadonlyMap<string, number[]>

  constructor(executions: readonly ExecutionRecord[]) {
    this.#byPath = new Map(executions.map((execution) => [execution.node, execution]))
    const items = new Map<string, Set<number>>()
    for (const { node } of executions) {
      for (const match of node.matchAll(/\[(\d+)\]/g)) {
        const map = node.slice(0, match.index)
        const known = items.get(map) ?? new Set()
        items.set(map, known.add(Number(match[1])))
      }
    }
    this.#items = new Map([...items].map(([map, numbers]) => [map, [...numbers].toSorted((a, b) => a - b)]))
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
    const count = node.type === 'map' ? (this.#items.get(path)?.length ?? 0) : undefined
    const parts = [`${marks[state]} ${printable(node.id)}`]
    if (count !== undefined) parts.push(`${count} item${count === 1 ? '' : 's'}`)
    if (state !== 'succeeded' && state !== 'not run') parts.push(state)
    const facts = execution === undefined ? '' : factsOf(execution)
    if (facts !== '') parts.push(facts)
    return { text: parts.join('  '), children }
  }

  #children(node: PlanNode, path: string): Branch[] {
    if (node.type === 'map') {
      const items = this.#items.get(path) ?? []
      if (items.length > mostItems) return [this.#folded(path, items), ...this.#failedIn(path)]
      return items.map((item) => ({
        text: `[${item}]`,
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

  #folded(path: string, items: readonly number[]): Branch {
    const states = new Map<string, number>()
    for (const [node, execution] of this.#byPath) {
      if (node.startsWith(`${path}[`))
        states.set(stateOf(execution), (states.get(stateOf(execution)) ?? 0) + 1)
    }
    const counts = [...states].map(([state, count]) => `${count} ${state}`).join(', ')
    return { text: `[${items[0]}…${items.at(-1)}]  ${counts}`, children: [] }
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
export function renderRun(detail: RunDetail, plan: Pick<Plan, 'scope'>): string {
  const took = detail.finishedAt === null ? '' : ` in ${durationText(detail.finishedAt - detail.startedAt)}`
  const reused = detail.executions.filter((execution) => execution.reused !== null).length
  const facts = [
    `${detail.state}${took}`,
    ...(reused === 0 ? [] : [`${reused} reused`]),
    ...(detail.rerunOf === null ? [] : [`repeats a part of run ${detail.rerunOf}`]),
  ]
  const out = [`${printable(detail.pipeline)}  run ${detail.id}  ${facts.join(', ')}`]
  draw(new RunTree(detail.executions).branches(plan.scope, ''), '', out)
  return out.join('\n')
}
