import { canonicalJson } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import { didYouMean } from '../internal/nearest.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { mayDecide } from '../execute/decision.ts'
import { locate, type PlanGraph } from '../plan/locate.ts'
import { walkPlan } from '../plan/select.ts'
import type { PostedEvent, Values } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { RunDetail } from '../record/records.ts'
import { planOf } from './resume.ts'

/**
 * Who decides, and why.
 *
 * @example
 * ```ts
 * await pw.reject(run.id, { node: 'go-live', by: 'ada', roles: ['ml-lead'], reason: 'the data of May are missing' })
 * ```
 */
export interface DecisionOptions {
  /** The node that waits; may be left out where the run waits for one decision alone. */
  readonly node?: string
  /** Who decides: whoever calls vouches for it. */
  readonly by: string
  /** The roles of whoever decides, without the `role:` in front. */
  readonly roles?: readonly string[]
  readonly reason?: string
}

/**
 * An approval.
 *
 * @example
 * ```ts
 * await pw.approve(run.id, { by: 'ada', payload: { traffic: 0.1 } })
 * ```
 */
export interface ApprovalOptions extends DecisionOptions {
  /** What the decision carries, where the approval says what that is. */
  readonly payload?: Json
}

/** A node that waits. */
export interface WaitingNode {
  readonly node: string
  readonly on: 'time' | 'signal' | 'approval'
  /** When the wait began, in milliseconds since the epoch. */
  readonly since: number
  /** When it ends by itself, in milliseconds since the epoch; null: never. */
  readonly until: number | null
  /** Of an approval: what is to be decided, and who may. */
  readonly message?: string
  readonly by?: readonly string[]
  readonly show?: Values
  /** Of a signal: its name. */
  readonly signal?: string
}

/** What is said to runs from outside: decisions and signals. */
export class Decisions {
  readonly #metadata: MetadataStore
  readonly #blobs: BlobReader

  constructor(metadata: MetadataStore, blobs: BlobReader) {
    this.#metadata = metadata
    this.#blobs = blobs
  }

  /** What a run waits for, the longest wait first. */
  async waits(detail: RunDetail): Promise<readonly WaitingNode[]> {
    const plan = await planOf(detail, this.#blobs)
    const open = new Map<string, WaitingNode>()
    const decided = new Map<string, WaitingNode>()
    for await (const { at, event } of this.#metadata.events(detail.id)) {
      if (event.type === 'wait.opened') {
        const { node, on, until, show } = event
        const planned = locate(plan, node)?.node
        open.set(node, {
          node,
          on,
          since: at,
          until,
          ...(planned?.type === 'signal' ? { signal: planned.signal } : {}),
          ...(planned?.type === 'approve' && planned.message !== undefined
            ? { message: planned.message }
            : {}),
          ...(planned?.type === 'approve' && planned.by !== undefined ? { by: planned.by } : {}),
          ...(show === undefined ? {} : { show }),
        })
      } else if (event.type === 'approval.decided') {
        const { node } = event
        if (open.has(node)) decided.set(node, open.get(node)!)
        open.delete(node)
      } else if (event.type === 'post.refused' && decided.has(event.node))
        open.set(event.node, decided.get(event.node)!)
      else if (
        event.type === 'node.succeeded' ||
        event.type === 'node.failed' ||
        event.type === 'node.cancelled'
      )
        open.delete(event.node)
      else if (event.type === 'run.finished') open.clear()
    }
    return [...open.values()]
  }

  /** Decides an approval; throws `NOT_WAITING`, `APPROVAL_FORBIDDEN` or `APPROVAL_CLOSED`. */
  async decide(detail: RunDetail, approved: boolean, options: ApprovalOptions): Promise<string> {
    const { by, roles = [], reason, payload } = options
    if (typeof by !== 'string' || by === '') {
      throw new PipewrightError('INPUT_INVALID', 'nobody is named who decides', {
        fix: "say who: { by: 'ada' }",
      })
    }
    const node = options.node ?? (await this.#only(detail))
    const plan = await planOf(detail, this.#blobs)
    const planned = locate(plan, node)?.node
    if (planned?.type !== 'approve') throw notWaiting(detail, node, plan)
    if (!mayDecide(planned, { by, roles })) {
      throw new PipewrightError(
        'APPROVAL_FORBIDDEN',
        `'${by}' may not decide '${node}' of run ${detail.id}: ${planned.by!.join(', ')} may`,
        { fix: 'let one of them decide, or name the role that allows it', details: { node, by, roles } },
      )
    }
    await this.#post(detail, node, {
      type: 'approval.decided',
      node,
      approved,
      by,
      roles,
      ...(payload === undefined ? {} : { payload: plainJson(payload) }),
      ...(reason === undefined ? {} : { reason }),
    })
    return node
  }

  /** Sends a signal; throws `NOT_WAITING` where no node of the run waits for it at any time, or the run is over. */
  async signal(detail: RunDetail, name: string, payload: Json, by: string): Promise<void> {
    const plan = await planOf(detail, this.#blobs)
    const names = new Set<string>()
    for (const { scope } of [plan, ...Object.values(plan.pipelines ?? {})])
      for (const { node } of walkPlan(scope)) if (node.type === 'signal') names.add(node.signal)
    if (!names.has(name)) {
      throw new PipewrightError(
        'NOT_WAITING',
        `no node of pipeline '${detail.pipeline}' waits for a signal '${name}'`,
        {
          fix: names.size === 0 ? 'the pipeline has no p.signal' : didYouMean(name, [...names]),
          details: { run: detail.id, signal: name },
        },
      )
    }
    await this.#post(detail, name, { type: 'signal.received', signal: name, payload: plainJson(payload), by })
  }

  async #post(detail: RunDetail, what: string, event: PostedEvent): Promise<void> {
    const result = await this.#metadata.post(detail.id, event)
    const details = { run: detail.id, node: what }
    switch (result) {
      case 'posted':
        return
      case 'not-waiting':
        throw new PipewrightError(
          'NOT_WAITING',
          `'${what}' of run ${detail.id} does not wait for a decision yet`,
          {
            fix: `see what it waits for: \`pipewright show ${detail.id}\``,
            details,
          },
        )
      case 'decided':
        throw new PipewrightError(
          'APPROVAL_CLOSED',
          `'${what}' of run ${detail.id} has been decided before`,
          {
            fix: `the first decision counts: \`pipewright show ${detail.id} ${what}\``,
            details,
          },
        )
      case 'expired':
        throw new PipewrightError(
          'APPROVAL_CLOSED',
          `the time to decide '${what}' of run ${detail.id} is over`,
          {
            fix: `resume the run to ask again: \`pipewright resume ${detail.id}\``,
            details,
          },
        )
      case 'closed':
        throw new PipewrightError('APPROVAL_CLOSED', `run ${detail.id} has ended`, {
          fix: `see \`pipewright show ${detail.id}\``,
          details,
        })
    }
  }

  /** The only approval that a run waits for. */
  async #only(detail: RunDetail): Promise<string> {
    const asked = (await this.waits(detail)).filter(({ on }) => on === 'approval').map(({ node }) => node)
    if (asked.length === 1) return asked[0]!
    throw new PipewrightError(
      'NOT_WAITING',
      asked.length === 0
        ? `run ${detail.id} waits for no decision`
        : `run ${detail.id} waits for ${asked.length} decisions`,
      {
        fix: asked.length === 0 ? `see \`pipewright show ${detail.id}\`` : `say which: ${asked.join(', ')}`,
        details: { run: detail.id, nodes: asked },
      },
    )
  }
}

function notWaiting({ id }: RunDetail, node: string, plan: PlanGraph): PipewrightError {
  const known = [...walkPlan(plan.scope)].filter((placed) => placed.node.type === 'approve')
  return new PipewrightError('NOT_WAITING', `run ${id} has no approval '${node}'`, {
    fix:
      known.length === 0
        ? 'its pipeline has no p.approve'
        : didYouMean(
            node,
            known.map(({ path }) => path),
          ),
    details: { run: id, node },
  })
}

function plainJson(value: Json): Json {
  return JSON.parse(canonicalJson(value)) as Json
}
