import type { Digest } from '../internal/digest.ts'
import type { JsonObject } from '../internal/json.ts'
import type { KindDeclaration } from '../artifact/kind.ts'
import type { Binding, Bindings, Failures } from '../define/graph.ts'
import type { RunnerName } from '../define/step.ts'

/** The version of the plan document; older documents are upcast, newer ones refused. */
export const planFormat = 1

/** A declared input of a step or a pipeline. */
export interface InputDeclaration extends KindDeclaration {
  readonly optional?: true
}

/** How a failed attempt is tried again, in milliseconds. */
export interface RetryDeclaration {
  readonly attempts: number
  readonly backoff: 'constant' | 'exponential'
  readonly delay: number
  readonly maxDelay: number
  readonly jitter: number
  /** Factors of what the next attempt is given, after one that ran out of it. */
  readonly escalate?: { readonly memory: number }
}

/** What is reused: `ttl` in milliseconds. */
export type CacheDeclaration = 'content' | 'never' | { readonly ttl: number }

/** What a plan says about a step: everything but its function. */
export interface StepDeclaration {
  readonly name: string
  readonly inputs: Readonly<Record<string, InputDeclaration>>
  readonly outputs: Readonly<Record<string, KindDeclaration>>
  readonly tags?: readonly string[]
  readonly version?: string
  readonly effect?: true | { readonly key: string }
  readonly cache?: CacheDeclaration
  /** Inputs that are not part of cache keys. */
  readonly ignore?: readonly string[]
  /** Environment variables whose values are part of cache keys. */
  readonly env?: readonly string[]
  /** The secrets that it reads: what providers know them by, by the names that the step has for them. */
  readonly secrets?: Readonly<Record<string, string>>
  /** What the step reads from outside has a fingerprint, which is part of cache keys. */
  readonly fingerprint?: true
  readonly salt?: string
  readonly retry?: RetryDeclaration
  /** Milliseconds. */
  readonly timeout?: number
  /** Milliseconds. */
  readonly grace?: number
  readonly resources?: Readonly<Record<string, number | string>>
  /** Where it runs, whatever the settings say. */
  readonly runner?: RunnerName
  readonly priority?: number
  /** It can be taken back. */
  readonly undo?: true
}

interface PlanNodeBase {
  readonly id: string
  readonly after?: readonly string[]
  readonly tags?: readonly string[]
}

/** One use of a step. */
export interface PlanStep extends PlanNodeBase {
  readonly type: 'step'
  /** The key in {@link Plan.steps}. */
  readonly step: string
  /** In place of the step's own. */
  readonly cache?: CacheDeclaration
  /** In place of the step's own. */
  readonly priority?: number
  readonly inputs: Bindings
}

/** One use of a pipeline as a step. */
export interface PlanPipeline extends PlanNodeBase {
  readonly type: 'pipeline'
  readonly pipeline: string
  readonly inputs: Bindings
  /** How each input of the pipeline is represented. */
  readonly declares: Readonly<Record<string, InputDeclaration>>
  readonly body: PlanScope
}

/** A body that runs once for each item of a list. */
export interface PlanMap extends PlanNodeBase {
  readonly type: 'map'
  readonly items: Binding
  readonly concurrency?: number
  /** The property of an item that names it in paths; without one its index does. */
  readonly key?: string
  /** How many items may fail. Default: none. */
  readonly maxFailed?: Failures
  /** What it tells of itself: of its own outputs those that something reads. */
  readonly reports?: readonly string[]
  readonly body: PlanScope
}

/** A body that runs if a condition holds, and one that runs if not. */
export interface PlanWhen extends PlanNodeBase {
  readonly type: 'when'
  readonly condition: Binding
  readonly then: PlanScope
  readonly else?: PlanScope
}

/** One of several bodies, chosen by a text; where none is named so, `otherwise`. */
export interface PlanChoose extends PlanNodeBase {
  readonly type: 'choose'
  readonly selector: Binding
  readonly branches: Readonly<Record<string, PlanScope>>
  readonly otherwise?: PlanScope
}

/** A body that runs again and again: its outputs are the state, which the next round is given as inputs. */
export interface PlanLoop extends PlanNodeBase {
  readonly type: 'loop'
  readonly state: Bindings
  /** Whether there is another round, seen from inside the body. */
  readonly again: Binding
  readonly maxRounds: number
  readonly onMaxRounds: 'fail' | 'stop'
  readonly body: PlanScope
}

/** A use of one of {@link Plan.pipelines}, inside that pipeline itself or of one that recurses. */
export interface PlanRecurse extends PlanNodeBase {
  readonly type: 'recurse'
  /** The key in {@link Plan.pipelines}. */
  readonly pipeline: string
  readonly inputs: Bindings
  readonly maxDepth: number
}

/** Waits a while: a number of milliseconds, or a duration as text. */
export interface PlanSleep extends PlanNodeBase {
  readonly type: 'sleep'
  readonly for: Binding
}

/** Waits for a point in time: ISO 8601. */
export interface PlanUntil extends PlanNodeBase {
  readonly type: 'until'
  readonly at: Binding
}

/** Waits for something from outside. */
export interface PlanSignal extends PlanNodeBase {
  readonly type: 'signal'
  readonly signal: string
  readonly payload?: KindDeclaration
  /** Milliseconds. */
  readonly timeout?: number
  readonly onTimeout: 'fail' | 'continue'
}

/** Waits for somebody's decision. */
export interface PlanApprove extends PlanNodeBase {
  readonly type: 'approve'
  readonly message?: string
  /** Names, and roles as `role:…`. Default: anybody. */
  readonly by?: readonly string[]
  readonly show: Bindings
  readonly payload?: KindDeclaration
  /** Milliseconds. */
  readonly timeout?: number
  readonly onTimeout: 'fail' | 'approve' | 'reject'
  readonly onReject: 'fail' | 'continue'
}

/** A body that runs when the other nodes of its pipeline have ended: some failed, or however they did. */
export interface PlanHandler extends PlanNodeBase {
  readonly type: 'handler'
  readonly on: 'failure' | 'end'
  readonly body: PlanScope
}

/** A node that waits for time or for somebody. */
export type PlanWait = PlanSleep | PlanUntil | PlanSignal | PlanApprove

/** A node of a plan. */
export type PlanNode =
  | PlanStep
  | PlanPipeline
  | PlanMap
  | PlanWhen
  | PlanChoose
  | PlanLoop
  | PlanRecurse
  | PlanWait
  | PlanHandler

/** A pipeline that recurses. */
export interface RecursivePipeline {
  readonly name: string
  readonly inputs: Readonly<Record<string, InputDeclaration>>
  readonly scope: PlanScope
}

/** Nodes in the order of definition, and the named results of their scope. */
export interface PlanScope {
  readonly nodes: readonly PlanNode[]
  readonly outputs: Bindings
}

/**
 * The frozen, versioned JSON document that a pipeline compiles to for given inputs. It holds no function; its
 * JSON Schema is published as `pipewright/schemas/plan.json`.
 */
export interface Plan {
  readonly format: typeof planFormat
  readonly pipeline: string
  /** The digest of the structure: of everything but `digest` and `given`. */
  readonly digest: Digest
  readonly inputs: Readonly<Record<string, InputDeclaration>>
  /** The given inputs: checked json values, and the paths of sources. */
  readonly given: JsonObject
  readonly steps: Readonly<Record<string, StepDeclaration>>
  /** The pipelines that are expanded while the plan runs; absent where none is. */
  readonly pipelines?: Readonly<Record<string, RecursivePipeline>>
  readonly scope: PlanScope
}
