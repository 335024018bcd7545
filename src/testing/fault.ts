import { milliseconds, type Duration } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import type { Plan, PlanNode } from '../plan/document.ts'
import { locate } from '../plan/locate.ts'
import { planPath } from '../plan/node-path.ts'
import { walkPlan } from '../plan/select.ts'

/**
 * What goes wrong with attempts of a node.
 *
 * @example
 * ```ts
 * const outOfMemory = fault('trials[1]/train', { attempt: 1, error: new Error('out of memory') })
 * const slow = fault('load', { delay: '2h' })
 * const killed = fault('trials/evaluate', { lost: true }) // of every item, the first attempt
 * ```
 */
export interface FaultOptions {
  /** The attempt that it happens to. Default: every one; the first, where it is lost or its output corrupt. */
  readonly attempt?: number
  /** It takes so long, on the clock of the test, before anything else. */
  readonly delay?: Duration
  /** It does nothing until it is aborted: by its timeout, or because the run ends. */
  readonly hang?: boolean
  /** It throws this in place of running the step. */
  readonly error?: unknown
  /** Its process dies in the middle of it; the run is then resumed, as `pipewright resume` would. */
  readonly lost?: boolean
  /** The stored bytes of this output are not what was written, once the attempt has succeeded. */
  readonly corrupt?: string
}

/** Something that goes wrong with a node; made by {@link fault}. */
export interface NodeFault extends FaultOptions {
  readonly type: 'node'
  readonly node: string
}

/** Something that goes wrong with the artifact store; made by {@link storeFault}. */
export interface StoreFault {
  readonly type: 'store'
  /** Values up to 4 KiB are kept with the record: the artifact store neither writes nor reads them. */
  readonly operation: 'write' | 'read'
  /** Which operation of the run, from 1. */
  readonly at: number
  readonly error: unknown
}

/** Something that goes wrong in a tested run. */
export type Fault = NodeFault | StoreFault

/**
 * Makes attempts of a node go wrong. The node is named by its path (`trials[3]/train`), or by that without item
 * numbers, which means every item (`trials/train`).
 *
 * @example
 * ```ts
 * const run = await testPipeline(tumours, { csv: 'test/ten-rows.csv' }, {
 *   faults: [fault('load', { error: new Error('the disk is gone') })],
 * })
 * expect(run.error?.failures[0]?.node).toBe('load')
 * ```
 */
export function fault(node: string, options: FaultOptions): NodeFault {
  if (options.delay !== undefined) milliseconds(options.delay, `fault '${node}', delay`)
  const isNothing =
    options.delay === undefined &&
    options.hang !== true &&
    !('error' in options) &&
    options.lost !== true &&
    options.corrupt === undefined
  if (isNothing)
    throw new PipewrightError('TEST_INVALID', `fault '${node}' does not say what goes wrong`, {
      fix: "give error, delay, hang, lost or corrupt: fault('train', { attempt: 1, error: new Error('…') })",
    })
  return { ...options, type: 'node', node }
}

/**
 * Makes an operation of the artifact store fail.
 *
 * @example
 * ```ts
 * const broken = storeFault('read', { at: 1, error: new Error('EIO: i/o error') })
 * const run = await testPipeline(tumours, { csv: 'test/many-rows.csv' }, { faults: [broken] })
 * expect(run.error?.failures[0]?.node).toBe('load')
 * ```
 */
export function storeFault(
  operation: 'write' | 'read',
  options: { readonly at: number; readonly error: unknown },
): StoreFault {
  return { ...options, type: 'store', operation }
}

/** Whether a path, with or without item numbers, names a node of a run. */
export function namesNode(name: string, node: string): boolean {
  return name === node || name === planPath(node)
}

/** Whether a path ends with a node's own id: it may end with the name of one of its branches. */
function isOwn({ id }: PlanNode, path: string): boolean {
  return planPath(path).split('/').at(-1) === id
}

/** The node of a plan that a name means, also inside of recursions. Throws `NODE_NOT_FOUND`, naming the nearest one. */
export function checkNode(name: string, plan: Pick<Plan, 'scope' | 'pipelines' | 'pipeline'>): PlanNode {
  const { scope, pipeline } = plan
  const isPath = name.split('/').every((segment) => segment !== '')
  const found = isPath ? locate(plan, name) : undefined
  // The path of a branch is none of a node.
  if (found !== undefined && isOwn(found.node, name)) return found.node
  const paths = [...walkPlan(scope)].map(({ path }) => path)
  const inside = paths.find((path) => path.endsWith(`/${planPath(name)}`))
  throw new PipewrightError('NODE_NOT_FOUND', `pipeline '${pipeline}' has no node '${name}'`, {
    fix: inside === undefined ? didYouMean(name, paths) : `did you mean '${inside}'?`,
    details: { node: name, pipeline },
  })
}

/** The faults of one run, and which of them have happened. */
export class Faults {
  readonly #nodes: readonly NodeFault[]
  readonly #store: readonly StoreFault[]
  readonly #happened = new Set<Fault>()
  readonly #operations = { write: 0, read: 0 }

  constructor(faults: readonly Fault[]) {
    this.#nodes = faults.filter((one) => one.type === 'node')
    this.#store = faults.filter((one) => one.type === 'store')
  }

  /** Refuses faults of nodes and outputs that a plan does not have. */
  check(plan: Pick<Plan, 'scope' | 'pipelines' | 'steps' | 'pipeline'>): void {
    for (const { node, corrupt } of this.#nodes) {
      const planned = checkNode(node, plan)
      const isStep = planned.type === 'step'
      const outputs = isStep ? Object.keys(plan.steps[planned.step]!.outputs) : []
      if (isStep && (corrupt === undefined || outputs.includes(corrupt))) continue
      throw new PipewrightError(
        'TEST_INVALID',
        isStep
          ? `fault '${node}': step '${planned.step}' has no output '${corrupt!}'`
          : `fault '${node}': it is a ${planned.type}, and has no attempts`,
        { fix: isStep ? didYouMean(corrupt!, outputs) : 'name a step inside of it' },
      )
    }
  }

  /** What goes wrong with an attempt. */
  of(node: string, attempt: number): readonly NodeFault[] {
    return this.#nodes.filter((one) => {
      const isOnce = one.lost === true || one.corrupt !== undefined
      const wanted = one.attempt ?? (isOnce ? 1 : attempt)
      return namesNode(one.node, node) && wanted === attempt
    })
  }

  happened(one: Fault): void {
    this.#happened.add(one)
  }

  /** Counts an operation of the store, and throws where it is to fail. */
  operation(operation: 'write' | 'read'): void {
    const count = ++this.#operations[operation]
    for (const one of this.#store) {
      if (one.operation !== operation || one.at !== count) continue
      this.happened(one)
      throw one.error
    }
  }

  /** Throws `TEST_INVALID` where a fault has not happened: such a test tests nothing. */
  checkHappened(): void {
    for (const one of [...this.#nodes, ...this.#store]) {
      if (this.#happened.has(one)) continue
      const what =
        one.type === 'store'
          ? `${one.operation} ${one.at} of the artifact store: there were ${this.#operations[one.operation]}`
          : `'${one.node}'${one.attempt === undefined ? '' : `, attempt ${one.attempt}`}: there was no such attempt`
      throw new PipewrightError('TEST_INVALID', `a fault has not happened: ${what}`, {
        fix: 'take it away, or see why the run did not come to it: a cache hit, a branch not taken, fewer retries',
      })
    }
  }
}
