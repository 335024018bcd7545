import type { Artifact } from '../artifact/artifact.ts'
import type { AttemptRecord, ExecutionRecord, RunDetail } from '../record/records.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { ArtifactIndex } from './artifacts.ts'
import { Budget, limits } from './budget.ts'
import { endText, usageText } from '../ui/attempt-text.ts'
import { pageError } from './errors.ts'
import { shownToDeciders } from './decisions.ts'
import { GivenInputs } from './given-inputs.ts'
import { logLine, logOf } from './logs.ts'
import { patternOf } from '../plan/node-path.ts'
import { parentPath, type PlanIndex } from './plan-index.ts'
import { isGoingOn, type Progress } from './progress.ts'
import type { Schedule } from './schedule.ts'
import { Unexecuted } from './unexecuted.ts'
import type { PageAttempt, PageLog, PageNode, PageState, PageUndo } from './page-data.ts'

/** The state of an execution as a page shows it; between two tries it waits. */
function stateOf({ state, reused, attempts }: ExecutionRecord, run: RunDetail): PageState {
  if (reused !== null) return 'reused'
  if (state !== 'running') return state
  if (!isGoingOn(run)) return 'interrupted'
  return attempts.length > 0 && attempts.every(({ end }) => end !== null) ? 'waiting' : 'running'
}

/** Those of its result; where it has none, of its last try. */
function reportsOf({ state, reports, attempts }: ExecutionRecord): readonly Artifact[] {
  return state === 'succeeded' ? reports : (attempts.at(-1)?.facts?.reports ?? [])
}

/** An object without its undefined and empty members: ten thousand of them are written. */
function compact<T extends object>(record: T): T {
  return Object.fromEntries(
    Object.entries(record).filter(
      ([, value]: [string, unknown]) =>
        value !== undefined &&
        !(typeof value === 'object' && value !== null && Object.keys(value).length === 0),
    ),
  ) as T
}

/** When the first step inside of each map, branch and sub-pipeline has begun. */
function beginsOf(executions: RunDetail['executions'], index: PlanIndex): ReadonlyMap<string, number> {
  const begins = new Map<string, number>()
  for (const { node, step, startedAt } of executions) {
    if (step === null) continue
    let place = index.get(patternOf(node))
    let path = place === undefined ? undefined : parentPath(node, place)
    while (path !== undefined) {
      begins.set(path, Math.min(startedAt, begins.get(path) ?? startedAt))
      place = index.get(patternOf(path))
      path = place === undefined ? undefined : parentPath(path, place)
    }
  }
  return begins
}

/** An execution that a page has no room for. */
export interface OmittedNode {
  readonly path: string
  readonly state: PageState
  /** Milliseconds of work. */
  readonly work: number
}

/** What has failed first of all that a blocked node needs. */
function causeOf(
  { blockedBy }: ExecutionRecord,
  byPath: ReadonlyMap<string, ExecutionRecord>,
): Pick<PageNode, 'failedBefore'> {
  let cause = blockedBy
  for (let next = blockedBy; next !== undefined; next = byPath.get(next)?.blockedBy) cause = next
  return cause === undefined ? {} : { failedBefore: cause }
}

function workOf({ reused, startedAt, finishedAt }: ExecutionRecord): number {
  return reused !== null || finishedAt === null ? 0 : finishedAt - startedAt
}

/** Makes the nodes of a page from the executions of a run. */
export class NodeCollector {
  readonly #pw: Workspace
  readonly #detail: RunDetail
  readonly #artifacts: ArtifactIndex
  readonly #lines = new Budget(limits.logBytes)
  readonly #errors = new Budget(limits.errorBytes)
  readonly #segments = new Budget(limits.logs)
  /** By run and node: the attempt that made what was reused. */
  readonly #origins = new Map<string, AttemptRecord>()
  readonly logs: PageLog[] = []
  /** Attempts whose logs were left out. */
  unread = 0
  /** Executions that are counted, but not listed. */
  readonly omitted: OmittedNode[] = []
  readonly #most: number

  constructor(pw: Workspace, detail: RunDetail, artifacts: ArtifactIndex, most: number) {
    this.#most = most
    this.#pw = pw
    this.#detail = detail
    this.#artifacts = artifacts
  }

  /** What has been executed, and what stands outside of maps and has not. */
  async nodes(index: PlanIndex, schedule: Schedule, progress: Progress): Promise<PageNode[]> {
    await this.#findOrigins()
    const logs = await this.#readLogs()
    const undone = await this.#readUndone()
    const shownTo = await shownToDeciders(this.#pw, this.#detail, index)
    const byPath = new Map(this.#detail.executions.map((execution) => [execution.node, execution]))
    const begins = beginsOf(this.#detail.executions, index)
    const given = new GivenInputs(this.#detail, index)
    const unexecuted = new Unexecuted(this.#detail, index, progress, begins)
    const nodes = this.#kept(schedule).map((execution) => {
      const known = this.#node(execution, index, schedule, logs, given)
      const wait = progress.waits.get(execution.node)
      const undo = undone.get(execution.node)
      const show = Object.entries(shownTo.get(execution.node) ?? {})
      const retryAt = known.state === 'waiting' ? progress.retryAt.get(execution.node) : undefined
      const node = {
        ...known,
        ...(known.state === 'blocked' ? { waitsFor: unexecuted.waitsFor(known.path) } : {}),
        ...(known.state === 'blocked' ? causeOf(execution, byPath) : {}),
        ...wait,
        ...(show.length === 0
          ? {}
          : { show: this.#artifacts.values(Object.fromEntries(show), `${execution.node} ←`) }),
        ...(undo === undefined ? {} : { undo }),
        ...(retryAt === undefined ? {} : { retryAt: retryAt - this.#detail.startedAt }),
      }
      // What contains others is recorded when it is over; it begins with the first of them.
      const begin = execution.step === null ? begins.get(execution.node) : undefined
      if (begin === undefined) return node
      const start = begin - this.#detail.startedAt
      return { ...node, start, ready: Math.min(node.ready ?? start, start) }
    })
    nodes.push(...unexecuted.nodes())
    return nodes
  }

  /** The executions that there is room for: what did not succeed and the critical path come first, the rest by start. */
  #kept({ critical }: Schedule): readonly ExecutionRecord[] {
    const { executions } = this.#detail
    if (executions.length <= this.#most) return executions
    const isWanted = ({ node, state, step }: ExecutionRecord): boolean =>
      state !== 'succeeded' || step === null || critical.has(node)
    const first = [
      ...executions.filter(isWanted),
      ...executions.filter((execution) => !isWanted(execution)),
    ].slice(0, this.#most)
    const kept = new Set(first)
    for (const execution of executions)
      if (!kept.has(execution))
        this.omitted.push({
          path: execution.node,
          state: stateOf(execution, this.#detail),
          work: workOf(execution),
        })
    return first
  }

  /** What a reused node has logged stands with the execution that made its outputs. */
  async #findOrigins(): Promise<void> {
    const wanted = new Map<string, Set<string>>()
    for (const { reused } of this.#detail.executions) {
      if (reused === null) continue
      const nodes = wanted.get(reused.run) ?? new Set()
      wanted.set(reused.run, nodes.add(reused.node))
    }
    for (const [run, nodes] of [...wanted].slice(0, limits.origins)) {
      // A run may have been removed since.
      const detail = await this.#pw.show(run).catch(() => undefined)
      for (const { node, attempts } of detail?.executions ?? []) {
        const made = nodes.has(node) ? attempts.findLast(({ end }) => end === 'succeeded') : undefined
        if (made !== undefined) this.#origins.set(`${run} ${node}`, made)
      }
    }
  }

  /** The logs of failed attempts first: they are looked for. */
  async #readLogs(): Promise<ReadonlyMap<string, number>> {
    const places = new Map<string, number>()
    const attempts = [
      ...this.#detail.executions.flatMap(({ attempts }) => attempts),
      ...this.#origins.values(),
    ]
    const hasFailed = ({ end }: AttemptRecord): boolean => end !== 'succeeded'
    for (const { log } of [...attempts.filter(hasFailed), ...attempts.filter((one) => !hasFailed(one))]) {
      if (log === null || places.has(log)) continue
      if (!this.#segments.take(1)) {
        this.unread++
        continue
      }
      const text = await this.#pw.attemptLog(log)
      if (text !== undefined)
        places.set(log, this.logs.push(logOf(text, this.#detail.startedAt, this.#lines)) - 1)
    }
    return places
  }

  /** How effects were taken back, by node, with what was logged meanwhile. */
  async #readUndone(): Promise<ReadonlyMap<string, PageUndo>> {
    const { id, undone, startedAt, executions } = this.#detail
    const found = new Map<string, PageUndo>()
    for (const effect of undone) {
      const known = executions.find(({ node }) => node === effect.node)?.attempts.length ?? 0
      const lines: PageLog['lines'][number][] = []
      // Its attempts are numbered after those of the effect.
      if (this.#segments.take(1))
        for await (const line of this.#pw.logs(id, { node: effect.node }))
          if (line.attempt > known) lines.push(logLine(line, startedAt))
      const log =
        lines.length === 0 || !this.#lines.take(JSON.stringify(lines).length)
          ? undefined
          : this.logs.push({ lines, omitted: 0, curves: [] }) - 1
      found.set(effect.node, {
        state: effect.state,
        start: effect.startedAt - startedAt,
        ...(effect.finishedAt === null ? {} : { end: effect.finishedAt - startedAt }),
        ...(effect.error === null ? {} : { error: pageError(effect.error, this.#errors) }),
        ...(log === undefined ? {} : { log }),
      })
    }
    return found
  }

  #node(
    execution: ExecutionRecord,
    index: PlanIndex,
    { readyAt, critical }: Schedule,
    logs: ReadonlyMap<string, number>,
    given: GivenInputs,
  ): PageNode {
    const { node, step, finishedAt, reused, error, attempts } = execution
    // The record of a node that was tried again has the start of its last try.
    const startedAt = Math.min(execution.startedAt, attempts[0]?.startedAt ?? Infinity)
    const start = this.#detail.startedAt
    const origin = reused === null ? undefined : this.#origins.get(`${reused.run} ${reused.node}`)?.log
    const params = this.#artifacts.literal(execution.params)
    const madeLog = origin === undefined || origin === null ? undefined : logs.get(origin)
    return compact<PageNode>({
      path: node,
      type: index.get(patternOf(node))?.node.type ?? 'step',
      step,
      state: stateOf(execution, this.#detail),
      ready: Math.min(readyAt(node), startedAt) - start,
      start: startedAt - start,
      ...(finishedAt === null ? {} : { end: finishedAt - start }),
      ...(critical.has(node) ? { critical: true } : {}),
      attempts: attempts.map((attempt, _, { length }) =>
        this.#attempt(attempt, length > 1 || error === null, logs),
      ),
      inputs: this.#artifacts.values(
        execution.state === 'succeeded' || attempts.length === 0 ? execution.inputs : given.of(node),
        `${node} ←`,
      ),
      outputs: this.#artifacts.values(execution.outputs, node),
      metrics: execution.metrics,
      params: 'json' in params ? execution.params : { ['…']: 'left out for their size' },
      reports: reportsOf(execution).map((artifact) =>
        this.#artifacts.numberOf(artifact, `${node} · ctx.report`),
      ),
      ...(error === null ? {} : { error: pageError(error, this.#errors) }),
      ...(execution.key === null ? {} : { key: execution.key }),
      ...(execution.code === null ? {} : { code: execution.code }),
      ...(execution.uncached === null ? {} : { uncached: execution.uncached }),
      ...(reused === null ? {} : { reused }),
      ...(madeLog === undefined ? {} : { madeLog }),
    })
  }

  #attempt(attempt: AttemptRecord, hasOwnError: boolean, logs: ReadonlyMap<string, number>): PageAttempt {
    const { number, startedAt, finishedAt, end, error, log, facts, repaired, usage } = attempt
    const params = this.#artifacts.literal(facts?.params ?? {})
    const start = this.#detail.startedAt
    const place = log === null ? undefined : logs.get(log)
    return {
      number,
      start: startedAt - start,
      ...(finishedAt === null ? {} : { end: finishedAt - start }),
      how: end === null && !isGoingOn(this.#detail) ? 'interrupted' : endText(attempt),
      ...(usage === undefined ? {} : { used: usageText(usage) }),
      // The error of the only one is that of the node.
      ...(error === null || !hasOwnError ? {} : { error: pageError(error, this.#errors) }),
      ...(facts === undefined || Object.keys(facts.metrics).length === 0 ? {} : { metrics: facts.metrics }),
      ...('json' in params && Object.keys(facts?.params ?? {}).length > 0 ? { params: facts!.params } : {}),
      ...(repaired === undefined
        ? {}
        : {
            repaired: `was lost, made again for ${repaired.by === '' ? 'the outputs of the run' : repaired.by}`,
          }),
      ...(place === undefined ? {} : { log: place }),
    }
  }
}
