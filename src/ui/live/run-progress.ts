import type { RunUpdate } from '../../execute/run-request.ts'
import type { PlanMap } from '../../plan/document.ts'
import { locate, type PlanGraph } from '../../plan/locate.ts'
import { itemsIn, planPath } from '../../plan/node-path.ts'
import { walkPlan } from '../../plan/select.ts'
import type { ExecutionRecord } from '../../record/records.ts'
import { foldedPath } from './folded-path.ts'
import { NodeProgress, type Ended } from './node-progress.ts'

/** The items of a map up to which each has a line of its own. */
export const mostLines = 12

/** How a run goes on: a fold of what happens, as large as the plan and what runs at once, not as the run. */
export class RunProgress {
  readonly nodes = new Map<string, NodeProgress>()
  /** Of maps with few items: what is known of each node of each item, by its path. */
  readonly items = new Map<string, NodeProgress>()
  /** Tries that are going on, and how many there were at most. */
  readonly #running = new Set<string>()
  #mostAtOnce = 0
  readonly #maps = new Map<string, PlanMap>()
  /** By item that is open: how many of its nodes have ended. */
  readonly #open = new Map<string, number>()

  readonly #plan: PlanGraph

  constructor(plan: PlanGraph) {
    this.#plan = plan
    for (const { path, node } of walkPlan(plan.scope)) {
      this.nodes.set(path, new NodeProgress())
      if (node.type === 'map') this.#maps.set(path, node)
    }
  }

  /** How many tries are going on. */
  get running(): number {
    return this.#running.size
  }

  /** How many tries have been going on at once, at most. */
  get mostAtOnce(): number {
    return this.#mostAtOnce
  }

  /** Takes in what was recorded before: of a run that is resumed. */
  recorded(executions: readonly ExecutionRecord[]): void {
    for (const { node } of executions) {
      // How many items there are is not told again.
      for (const { map: path, name } of itemsIn(node)) {
        const map = this.nodes.get(this.#shape(path))
        // A key does not tell how many there are; what is recorded of the map itself does.
        if (map !== undefined && !name.startsWith('"') && this.#maps.has(this.#shape(path)))
          map.items = Math.max(map.items ?? 0, Number(name) + 1)
      }
    }
    for (const { node, state, reused, startedAt, finishedAt } of executions) {
      if (state !== 'succeeded' && state !== 'skipped') continue
      for (const one of this.#at(node)) one.startedAt ??= startedAt
      this.#end(node, reused === null ? state : 'reused', finishedAt ?? startedAt)
    }
  }

  /** Takes in what happens. */
  update({ at, event }: RunUpdate): void {
    if (!('node' in event)) return
    const { node } = event
    switch (event.type) {
      case 'branch.decided':
        for (const one of this.#at(node)) one.taken.add(event.taken)
        break
      case 'loop.turned':
        for (const one of this.#at(node)) {
          one.startedAt ??= at
          one.rounds = event.round + (event.again ? 2 : 1)
        }
        break
      case 'wait.opened':
        for (const one of this.#at(node)) one.open(node, at, event.until)
        break
      case 'undo.started':
        for (const one of this.#at(node)) one.undone = 'running'
        break
      case 'node.undone':
        for (const one of this.#at(node)) one.undone = event.error === undefined ? 'undone' : 'failed'
        break
      case 'map.expanded':
        for (const one of this.#at(node)) {
          one.startedAt ??= at
          one.items = (one.items ?? 0) + event.count
        }
        break
      case 'attempt.started':
        this.#running.add(node)
        this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#running.size)
        for (const one of this.#at(node)) {
          one.start(node, at, event.attempt)
          // A curve is of one try.
          if (event.attempt > 1 && !this.#isOfItems(one, node)) one.metrics.clear()
        }
        break
      case 'attempt.progress':
        for (const one of this.#at(node)) one.progress(node, event.done, event.total)
        break
      case 'attempt.metric':
        for (const one of this.#at(node))
          // Items run beside one another: their points are no curve together.
          if (!this.#isOfItems(one, node)) one.metric(event.name, event.value)
        break
      case 'attempt.failed':
        this.#running.delete(node)
        for (const one of this.#at(node)) {
          one.stop(node, event.retryIn === undefined ? undefined : at + event.retryIn)
          one.error = event.error.message
        }
        break
      case 'node.succeeded':
        for (const one of this.#at(node)) {
          one.startedAt ??= event.startedAt
          if (event.reused === undefined && event.step !== null) one.executed(at - event.startedAt)
          if (!this.#isOfItems(one, node)) continue
          for (const [name, { last }] of Object.entries(event.facts?.metrics ?? {})) one.metric(name, last)
        }
        this.#end(node, event.reused === undefined ? 'succeeded' : 'reused', at)
        break
      case 'node.failed':
        for (const one of this.#at(node)) one.error = event.error.message
        this.#end(node, 'failed', at)
        break
      case 'node.blocked':
      case 'node.skipped':
      case 'node.cancelled':
        this.#end(node, event.type.slice(5) as Ended, at)
        break
      default:
    }
  }

  /** The path of the plan under which a node is counted; what is inside of a recursion is met as it is expanded. */
  #shape(path: string): string {
    const shape = planPath(path)
    if (this.#plan.pipelines === undefined || this.nodes.has(shape)) return shape
    const folded = foldedPath(this.#plan, path)
    if (folded === undefined) return shape
    if (!this.nodes.has(folded)) {
      this.nodes.set(folded, new NodeProgress())
      const { node } = locate(this.#plan, folded)!
      if (node.type === 'map') this.#maps.set(folded, node)
    }
    return folded
  }

  /** Whether it stands for that node of all items of a map, not for the one of this path alone. */
  #isOfItems(one: NodeProgress, path: string): boolean {
    const shape = this.#shape(path)
    return shape !== path && this.nodes.get(shape) === one
  }

  /** The node of the plan, and the node itself where its items have lines of their own. */
  #at(path: string): NodeProgress[] {
    const found: NodeProgress[] = []
    const shape = this.#shape(path)
    const node = this.nodes.get(shape)
    if (node !== undefined) found.push(node)
    const outer = path.indexOf('[')
    if (shape === path || outer < 0) return found
    const map = this.nodes.get(this.#shape(path.slice(0, outer)))
    if (map?.items === undefined || map.items > mostLines) return found
    let item = this.items.get(path)
    if (item === undefined) this.items.set(path, (item = new NodeProgress()))
    found.push(item)
    return found
  }

  #end(path: string, how: Ended, at: number): void {
    this.#running.delete(path)
    for (const one of this.#at(path)) one.end(path, how, at)
    const end = path.lastIndexOf('/')
    if (end < 0) return
    const item = path.slice(0, end)
    const map = this.#shape(item.endsWith(']') ? item.slice(0, item.lastIndexOf('[')) : item)
    const plan = this.#maps.get(map)
    // Nodes deeper than an item's own do not end it.
    if (plan === undefined || !item.endsWith(']')) return
    const count = (this.#open.get(item) ?? 0) + 1
    if (count < plan.body.nodes.length) this.#open.set(item, count)
    else {
      this.#open.delete(item)
      this.nodes.get(map)!.itemsDone++
    }
  }
}
