import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { uuidv7 } from '../internal/id.ts'
import type { StepDeclaration } from '../plan/document.ts'
import type { RunSettings, Values } from '../record/event.ts'
import { CommitWriter } from './blobs.ts'
import { inputDigests, type KeyComponents } from './cache-key.ts'
import type { Command, ReduceEvent } from './reduce/command.ts'
import { reduce } from './reduce/reduce.ts'
import { openRun, type RunState } from './reduce/state.ts'
import type { RunRequest, RunServices } from './run-request.ts'
import { isTimed } from '../plan/bodies.ts'
import { keyOf, stepOf, type KeyRequest } from './step-key.ts'
import { notBefore } from './step-work.ts'
import { ValueScopes } from './value-scopes.ts'

/** What a run would do with a node. */
export type Prospect =
  | {
      readonly node: string
      readonly step: string
      readonly type: 'hit'
      readonly run: string
      readonly from: string
    }
  /** It would be executed: there is no entry, or `reason` says why none is looked up. */
  | {
      readonly node: string
      readonly step: string
      readonly type: 'miss'
      readonly reason: string | undefined
      readonly planKey: string
      readonly declaration: StepDeclaration
      readonly inputs: Values
      readonly env: KeyComponents['env']
      readonly fingerprint: string | undefined
    }
  /** That depends on the outcome of another node, which would be executed. */
  | { readonly node: string; readonly type: 'open'; readonly on: string }
  | { readonly node: string; readonly type: 'skipped' }
  /** What it reads cannot be read. */
  | { readonly node: string; readonly type: 'broken'; readonly error: unknown }

/** What a dry run is given of a run. */
export type DryRunRequest = Pick<RunRequest, 'plan' | 'program' | 'inputs' | 'reuse'> & {
  readonly settings: Pick<RunSettings, 'cache'>
}

/** Items of a map that are looked up at once. */
const window = 100

/**
 * Goes through a plan without executing a step: what is in the cache succeeds, what is not counts as failed, so that
 * the interpreter of real runs tells what depends on it.
 */
export class DryRun {
  readonly #request: DryRunRequest & KeyRequest
  readonly #services: RunServices
  readonly #signal: AbortSignal
  readonly #state: RunState
  readonly #scopes: ValueScopes
  readonly #found: Prospect[] = []
  /** Nodes whose prospect is told already; what settles of them says no more. */
  readonly #told = new Set<string>()
  readonly #work: Promise<void>[] = []

  /** `services` write to no store that lasts; `signal` ends what the user's code waits for. */
  constructor(request: DryRunRequest, services: RunServices, signal: AbortSignal) {
    this.#signal = signal
    this.#request = { ...request, folder: `dry-run-${uuidv7()}` }
    this.#services = services
    const { plan, program, inputs } = request
    this.#state = openRun(plan, { failure: 'continue', failFast: false, window })
    this.#scopes = new ValueScopes(plan, program.pipelines, inputs, services.json, services.reader)
  }

  /** The prospects of all nodes that can be told, in the order in which they can. */
  async prospects(): Promise<readonly Prospect[]> {
    try {
      this.#apply({ type: 'start' })
      for (let next = this.#work.shift(); next !== undefined; next = this.#work.shift()) await next
      return this.#found
    } finally {
      await rm(join(this.#services.root, 'work', this.#request.folder), { recursive: true, force: true })
    }
  }

  #tell(prospect: Prospect): void {
    if (this.#told.has(prospect.node)) return
    this.#told.add(prospect.node)
    this.#found.push(prospect)
  }

  #apply(event: ReduceEvent): void {
    for (const command of reduce(this.#state, event)) this.#carryOut(command)
  }

  #carryOut(command: Command): void {
    switch (command.type) {
      case 'execute':
        // Whether handlers will have something to do is not known: nothing is told of them.
        return command.cleanup
          ? this.#succeed(command.node, {})
          : this.#guard(command.node, this.#lookUp(command.node))
      case 'expand':
        return this.#guard(
          command.node,
          this.#scopes
            .expand(command.node)
            .then(({ count, keys }) =>
              this.#apply({ type: 'map.expanded', node: command.node, count, keys }),
            ),
        )
      case 'decide':
        return this.#guard(
          command.node,
          this.#scopes
            .decide(command.node)
            .then((taken) => this.#apply({ type: 'branch.decided', node: command.node, taken })),
        )
      case 'turn':
        return this.#guard(
          command.node,
          this.#scopes
            .turn(command.node, command.round)
            .then((again) =>
              this.#apply({ type: 'loop.turned', node: command.node, round: command.round, again }),
            ),
        )
      case 'wait':
        // What somebody else will say is not known; time passes by itself.
        return command.cleanup || isTimed(this.#scopes.node(command.node))
          ? this.#succeed(command.node, {})
          : this.#stop(command.node)
      case 'exhausted':
        return this.#stop(command.node)
      case 'handle':
        return this.#scopes.handle(command.node, {})
      case 'collect':
        return this.#scopes.collect(command.node, command.item)
      case 'gather':
        return this.#guard(command.node, this.#gather(command.node, command.branch))
      case 'settled': {
        const { node, state, by } = command
        if (state === 'skipped') {
          this.#scopes.record(node, {})
          this.#tell({ node, type: 'skipped' })
        } else if (state === 'blocked') this.#tell({ node, type: 'open', on: by ?? '' })
        return
      }
      default:
    }
  }

  #guard(node: string, work: Promise<void>): void {
    this.#work.push(
      work.catch((error: unknown) => {
        this.#tell({ node, type: 'broken', error })
        this.#apply({ type: 'node.broken', node })
      }),
    )
  }

  async #gather(node: string, branch: string | undefined): Promise<void> {
    const blobs = new CommitWriter(this.#services.store, this.#services.reader)
    const { outputs } = await this.#scopes.gather(node, branch, blobs)
    this.#succeed(node, outputs)
  }

  #succeed(node: string, outputs: Values): void {
    this.#scopes.record(node, outputs)
    this.#apply({ type: 'node.succeeded', node })
  }

  /** What follows from a node depends on what it will give. */
  #stop(node: string): void {
    this.#apply({ type: 'attempt.failed', node, end: 'failed' })
  }

  async #lookUp(node: string): Promise<void> {
    const planned = this.#scopes.node(node)
    const { step } = stepOf(this.#request, planned, node)
    const inputs = await this.#scopes.inputsOf(node)
    const digests = await inputDigests(inputs, step.inputs, this.#services.json)
    const given = { values: inputs, digests }
    const found = await keyOf(this.#request, planned, node, given, this.#services, this.#signal)
    const { planKey, declaration, policy, mode, uncached: reason, fingerprint, env, key } = found
    const now = this.#services.clock.now()
    const entry =
      key === null
        ? undefined
        : await this.#services.lookup.find(
            { key, step, notBefore: notBefore(node, policy, mode, { now, from: now }) },
            this.#signal,
          )
    if (entry !== undefined) {
      this.#tell({ node, step: step.name, type: 'hit', run: entry.run, from: entry.node })
      return this.#succeed(node, entry.outputs)
    }
    this.#tell({
      node,
      step: step.name,
      type: 'miss',
      reason,
      planKey,
      declaration,
      inputs,
      env,
      fingerprint,
    })
    this.#stop(node)
  }
}
