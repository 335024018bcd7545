import type { Json } from '../internal/json.ts'
import type { Kind } from '../artifact/kind.ts'
import type { AnyPipeline } from './runnable.ts'
import type { AnyStep, CachePolicy } from './step.ts'

/**
 * Where an input's value comes from, as JSON. `up` counts the scopes between the reader and the source (0:
 * the same scope), so that a scope means the same wherever it is embedded.
 */
export type Binding =
  | {
      readonly node: string
      readonly output: string
      readonly up?: number
      readonly pick?: readonly (string | number)[]
    }
  | { readonly input: string; readonly up?: number; readonly pick?: readonly (string | number)[] }
  | { readonly item: true; readonly up?: number; readonly pick?: readonly (string | number)[] }
  | { readonly index: true; readonly up?: number }
  | { readonly value: Json }
  | { readonly list: readonly Binding[] }

/** Named bindings. */
export type Bindings = Readonly<Record<string, Binding>>

/** What every node of a traced graph has. */
interface NodeBase {
  readonly id: string
  readonly after: readonly string[]
  readonly tags: readonly string[]
}

/** One use of a step. */
export interface TracedStep extends NodeBase {
  readonly type: 'step'
  readonly step: AnyStep
  readonly cache: CachePolicy | undefined
  readonly priority: number | undefined
  readonly inputs: Bindings
}

/** One use of a pipeline as a step. */
export interface TracedPipeline extends NodeBase {
  readonly type: 'pipeline'
  readonly pipeline: AnyPipeline
  readonly inputs: Bindings
}

/** A map: its body runs once for each item of a list. */
export interface TracedMap extends NodeBase {
  readonly type: 'map'
  readonly items: Binding
  readonly concurrency: number | undefined
  /** The property of an item that names it. */
  readonly key: string | undefined
  /** How many items may fail; undefined: none. */
  readonly maxFailed: Failures | undefined
  readonly body: TracedScope
  /** What of its own (`keys`, `failed`) something reads; filled while the scope around it is traced. */
  readonly reports: Set<string>
}

/** What a map tells of itself, beside the outputs of its body. */
export const mapReports: readonly string[] = ['keys', 'failed']

/** A number of items, or a share of them between 0 and 1. */
export type Failures = number | { readonly share: number }

/** A branch: one of two bodies runs, or one or none. */
export interface TracedWhen extends NodeBase {
  readonly type: 'when'
  readonly condition: Binding
  readonly then: TracedScope
  readonly else: TracedScope | undefined
}

/** One of several branches, chosen by a text. */
export interface TracedChoose extends NodeBase {
  readonly type: 'choose'
  readonly selector: Binding
  readonly branches: Readonly<Record<string, TracedScope>>
  readonly otherwise: TracedScope | undefined
}

/** A body that runs again and again: its outputs are the state that the next round is given as inputs. */
export interface TracedLoop extends NodeBase {
  readonly type: 'loop'
  readonly state: Bindings
  readonly body: TracedScope
  /** Seen from inside the body. */
  readonly again: Binding
  readonly maxRounds: number
  readonly onMaxRounds: 'fail' | 'stop'
}

/** A use of a pipeline by itself, expanded while the pipeline runs. */
export interface TracedRecurse extends NodeBase {
  readonly type: 'recurse'
  readonly pipeline: () => AnyPipeline
  readonly inputs: Bindings
  readonly maxDepth: number
}

/** Waits a while. */
export interface TracedSleep extends NodeBase {
  readonly type: 'sleep'
  readonly for: Binding
}

/** Waits for a point in time. */
export interface TracedUntil extends NodeBase {
  readonly type: 'until'
  readonly at: Binding
}

/** Waits for something from outside. */
export interface TracedSignal extends NodeBase {
  readonly type: 'signal'
  readonly signal: string
  readonly payload: Kind<unknown, never> | undefined
  /** Milliseconds. */
  readonly timeout: number | undefined
  readonly onTimeout: 'fail' | 'continue'
}

/** Waits for somebody's decision. */
export interface TracedApprove extends NodeBase {
  readonly type: 'approve'
  readonly message: string | undefined
  readonly by: readonly string[] | undefined
  readonly show: Bindings
  readonly payload: Kind<unknown, never> | undefined
  /** Milliseconds. */
  readonly timeout: number | undefined
  readonly onTimeout: 'fail' | 'approve' | 'reject'
  readonly onReject: 'fail' | 'continue'
}

/** What runs when the rest of the pipeline has ended. */
export interface TracedHandler extends NodeBase {
  readonly type: 'handler'
  readonly on: 'failure' | 'end'
  readonly body: TracedScope
}

/** A node of a traced graph. */
export type TracedNode =
  | TracedStep
  | TracedPipeline
  | TracedMap
  | TracedWhen
  | TracedChoose
  | TracedLoop
  | TracedRecurse
  | TracedSleep
  | TracedUntil
  | TracedSignal
  | TracedApprove
  | TracedHandler

/** What tracing a build function yields: nodes in the order of definition, and the named results. */
export interface TracedScope {
  readonly nodes: readonly TracedNode[]
  readonly outputs: Bindings
  /** How each output is represented, where that is known. */
  readonly kinds: Readonly<Record<string, Kind<unknown, never> | undefined>>
}

/** A scope while it is being traced. */
export interface ScopeRecord {
  readonly parent: ScopeRecord | undefined
  /** The pipeline that is being traced; equal for all scopes of one trace. */
  readonly root: object
  readonly pipeline: string
  /** The path of the scope inside the pipeline, for messages. */
  readonly path: string
  readonly nodes: TracedNode[]
  readonly byId: Map<string, TracedNode | undefined>
  open: boolean
  /** The pipeline that is being defined. */
  readonly self: AnyPipeline
  /** The nodes around it may not have succeeded when it runs. */
  readonly handles?: true
}

/** Where a pipeline keeps its traced graph; the graphs of other installed copies are readable too. */
export const graphMark: unique symbol = Symbol.for('pipewright.graph') as never

/** A pipeline with its traced graph. */
export interface TracedPipelineObject extends AnyPipeline {
  readonly [graphMark]: TracedScope
}

/** The traced graph of a pipeline. */
export function graphOf(pipeline: AnyPipeline): TracedScope {
  return (pipeline as TracedPipelineObject)[graphMark]
}
