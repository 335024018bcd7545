import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import { didYouMean } from '../internal/nearest.ts'
import type { Plan, PlanApprove, PlanNode } from '../plan/document.ts'
import { walkPlan } from '../plan/select.ts'
import type { RunUpdate } from '../execute/run-request.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { checkNode, namesNode } from './fault.ts'

/**
 * How an approval is decided in a test.
 *
 * @example
 * ```ts
 * const run = await testPipeline(tumours, { csv: 'test/ten-rows.csv' }, {
 *   approvals: { 'go-live': { approve: false, reason: 'the data of May are missing' } },
 * })
 * ```
 */
export interface TestApproval {
  /** Default true. */
  readonly approve?: boolean
  /** What the decision carries, where the approval says what that is. */
  readonly payload?: Json
  /** Default: the first of those who may. */
  readonly by?: string
  /** Default: the first role that may. */
  readonly roles?: readonly string[]
  readonly reason?: string
}

/** What is sent as a signal in a test, to each node that waits for it; of a list each takes the next. */
export type TestSignal = { readonly payload?: Json } | readonly { readonly payload?: Json }[]

/** What a test says to a run that waits. */
export interface GivenAnswers {
  readonly approvals?: Readonly<Record<string, TestApproval>>
  readonly signals?: Readonly<Record<string, TestSignal>>
}

function* nodesOf({ scope, pipelines = {} }: Pick<Plan, 'scope' | 'pipelines'>): Generator<PlanNode> {
  for (const one of [scope, ...Object.values(pipelines).map((pipeline) => pipeline.scope)])
    for (const { node } of walkPlan(one)) yield node
}

/** Who decides where a test does not say: the first who may. */
function deciderOf({ by = [] }: PlanApprove): { by: string; roles: string[] } {
  const [first = 'test'] = by
  return first.startsWith('role:') ? { by: 'test', roles: [first.slice(5)] } : { by: first, roles: [] }
}

/** What one run is told when it waits. */
export class Answers {
  readonly #plan: Pick<Plan, 'scope' | 'pipelines' | 'pipeline'>
  readonly #approvals: Readonly<Record<string, TestApproval>>
  readonly #signals: Readonly<Record<string, TestSignal>>
  /** Signals that were sent, by name: how many. */
  readonly #sent = new Map<string, number>()
  readonly #used = new Set<string>()

  /** Refuses names that the plan does not have: `NODE_NOT_FOUND`, or `TEST_INVALID`. */
  constructor(
    plan: Pick<Plan, 'scope' | 'pipelines' | 'pipeline'>,
    { approvals = {}, signals = {} }: GivenAnswers,
  ) {
    this.#plan = plan
    this.#approvals = approvals
    this.#signals = signals
    for (const name of Object.keys(approvals)) {
      const { type } = checkNode(name, plan)
      if (type !== 'approve')
        throw new PipewrightError('TEST_INVALID', `approvals: '${name}' is a ${type}, and no approval`, {
          fix: 'name a node that p.approve has made',
        })
    }
    const known = new Set([...nodesOf(plan)].flatMap((node) => (node.type === 'signal' ? [node.signal] : [])))
    for (const name of Object.keys(signals))
      if (!known.has(name))
        throw new PipewrightError(
          'TEST_INVALID',
          `signals: pipeline '${plan.pipeline}' waits for no '${name}'`,
          {
            fix: didYouMean(name, [...known]),
          },
        )
  }

  /** What is to be said because of an update of a run; undefined where that is nothing. */
  to({ event }: RunUpdate): ((workspace: Workspace, run: string) => Promise<unknown>) | undefined {
    if (event.type === 'post.refused') {
      const { node, reason } = event
      if (!this.#used.has(node)) return undefined
      return () =>
        Promise.reject(
          new PipewrightError('TEST_INVALID', `what the test answers to '${node}' does not fit:\n${reason}`, {
            fix: 'give it a payload that the schema of the node takes',
          }),
        )
    }
    if (event.type !== 'wait.opened' || event.on === 'time') return undefined
    const planned = checkNode(event.node, this.#plan)
    if (planned.type === 'approve') return this.#decision(event.node, planned)
    return planned.type === 'signal' ? this.#signal(event.node, planned.signal) : undefined
  }

  /** Whether the test has said something to a node that waits. */
  has(node: string): boolean {
    return this.#used.has(node)
  }

  /** Throws `TEST_INVALID` where nobody has asked for an answer: such a test tests less than it says. */
  checkUsed(): void {
    const unused = [...Object.keys(this.#approvals), ...Object.keys(this.#signals)].find(
      (name) => !this.#used.has(name),
    )
    if (unused !== undefined)
      throw new PipewrightError('TEST_INVALID', `nothing has waited for the answer to '${unused}'`, {
        fix: 'take it away, or see why the run did not come to it: a branch not taken',
      })
  }

  #decision(node: string, planned: PlanApprove): ReturnType<Answers['to']> {
    const name = Object.keys(this.#approvals).find((one) => namesNode(one, node))
    if (name === undefined) return undefined
    this.#used.add(name).add(node)
    const { approve = true, payload, reason, ...given } = this.#approvals[name]!
    const who =
      given.by === undefined && given.roles === undefined ? deciderOf(planned) : { by: 'test', ...given }
    const decision = { node, ...who, ...(reason === undefined ? {} : { reason }) }
    return (workspace, run) =>
      approve
        ? workspace.approve(run, { ...decision, ...(payload === undefined ? {} : { payload }) })
        : workspace.reject(run, decision)
  }

  #signal(node: string, name: string): ReturnType<Answers['to']> {
    const given = this.#signals[name]
    if (given === undefined) return undefined
    const count = this.#sent.get(name) ?? 0
    const next = Array.isArray(given)
      ? (given as readonly { payload?: Json }[])[count]
      : (given as { payload?: Json })
    if (next === undefined) return undefined
    this.#sent.set(name, count + 1)
    this.#used.add(name).add(node)
    return (workspace, run) => workspace.signal(run, name, next.payload ?? null, { by: 'test' })
  }
}
