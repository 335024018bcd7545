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
  readonly body: TracedScope
}

/** A branch: one of two bodies runs, or one or none. */
export interface TracedWhen extends NodeBase {
  readonly type: 'when'
  readonly condition: Binding
  readonly then: TracedScope
  readonly else: TracedScope | undefined
}

/** A node of a traced graph. */
export type TracedNode = TracedStep | TracedPipeline | TracedMap | TracedWhen

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
