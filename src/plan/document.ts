import type { Digest } from '../internal/digest.ts'
import type { JsonObject } from '../internal/json.ts'
import type { KindDeclaration } from '../artifact/kind.ts'
import type { Binding, Bindings } from '../define/graph.ts'

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
  /** What the step reads from outside has a fingerprint, which is part of cache keys. */
  readonly fingerprint?: true
  readonly salt?: string
  readonly retry?: RetryDeclaration
  /** Milliseconds. */
  readonly timeout?: number
  /** Milliseconds. */
  readonly grace?: number
  readonly resources?: Readonly<Record<string, number | string>>
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
  readonly body: PlanScope
}

/** A body that runs if a condition holds, and one that runs if not. */
export interface PlanWhen extends PlanNodeBase {
  readonly type: 'when'
  readonly condition: Binding
  readonly then: PlanScope
  readonly else?: PlanScope
}

/** A node of a plan. */
export type PlanNode = PlanStep | PlanPipeline | PlanMap | PlanWhen

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
  readonly scope: PlanScope
}
