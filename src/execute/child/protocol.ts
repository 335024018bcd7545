import type { Digest } from '../../internal/digest.ts'
import type { StepDeclaration } from '../../plan/document.ts'
import type { AttemptEnd, AttemptFacts, ErrorRecord, ExecutionFacts, Values } from '../../record/event.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import type { LogLevel } from '../context.ts'
import type { KeptCall } from '../memory.ts'

/** Where a child process finds a step: it imports the module and compiles the pipeline again. */
export interface StepAddress {
  /** Absolute path of the module that exports the pipeline. */
  readonly module: string
  readonly pipeline: string
  /** The digest of the plan's structure: a child that finds another one refuses. */
  readonly structure: Digest
}

/** Small blobs as base64, by their digests: what is larger is in the store that both sides open. */
export type SmallBlobs = Readonly<Record<Digest, string>>

/** What one child process is started with: a JSON file. */
export interface ChildRequest {
  /** The folder of the project. */
  readonly project: string
  /** Packages of the project whose objects change no result. */
  readonly opaque: readonly string[]
  /** The folder of the workspace: store, logs, work. */
  readonly folder: string
  readonly address: StepAddress
  /** Absent: the module is loaded and nothing is run. */
  readonly attempt?: ChildAttempt
}

/** One try of one node, as far as it is data. */
export interface ChildAttempt {
  readonly run: { readonly id: string; readonly pipeline: string }
  readonly node: string
  readonly fileName: string
  /** The key of the step in the plan. */
  readonly step: string
  readonly declaration: StepDeclaration
  readonly values: Values
  readonly small: SmallBlobs
  readonly attempt: number
  readonly startedAt: number
  readonly idempotencyKey: string
  readonly seed: string
}

/** How an attempt ended, as far as it is data. */
export type ChildOutcome =
  | {
      readonly ok: true
      readonly outputs: Values
      readonly facts: ExecutionFacts
      readonly small: SmallBlobs
      readonly volatile: readonly string[]
    }
  | {
      readonly ok: false
      readonly end: AttemptEnd
      readonly error: ErrorRecord
      readonly retryable: boolean
      readonly log?: string
      readonly facts?: AttemptFacts
    }

/** One line of NDJSON from a child, on file descriptor 3. */
export type ChildMessage =
  /** The step was found, what was asked for begins. */
  | { readonly type: 'ready' }
  /** There will be no outcome: the step was not found, or the request cannot be met. */
  | { readonly type: 'refused'; readonly error: ErrorRecord }
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | {
      readonly type: 'log'
      readonly level: LogLevel
      readonly message: string
      readonly fields?: Readonly<Record<string, unknown>>
    }
  | { readonly type: 'metric'; readonly name: string; readonly value: number | string; readonly step: number }
  /** Asks the memory of the execution, which the parent has. */
  | { readonly type: 'memory'; readonly number: number; readonly asked: MemoryQuestion }
  /** What an extension of the child has to say. */
  | { readonly type: 'extension'; readonly data: unknown }
  | { readonly type: 'outcome'; readonly outcome: ChildOutcome }

/** What a child asks the memory of its execution. */
export type MemoryQuestion =
  | { readonly type: 'recall'; readonly idempotencyKey: string }
  | { readonly type: 'keep'; readonly call: KeptCall }
  | { readonly type: 'checkpoint' }
  | { readonly type: 'save'; readonly artifact: Artifact; readonly small: SmallBlobs }

/** One line of NDJSON to a child, on the same descriptor: the answer to what it has asked under a number. */
export type MemoryAnswer = { readonly number: number } & (
  | { readonly error: ErrorRecord }
  | { readonly call?: KeptCall; readonly artifact?: Artifact; readonly small?: SmallBlobs }
)
