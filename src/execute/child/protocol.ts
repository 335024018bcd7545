import type { Digest } from '../../internal/digest.ts'
import type { StepDeclaration } from '../../plan/document.ts'
import type {
  AttemptEnd,
  AttemptFacts,
  AttemptUsage,
  ErrorRecord,
  ExecutionFacts,
  Values,
} from '../../record/event.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import type { StorePlace } from '../../artifact/blob.ts'
import type { SecretMarks } from '../../secret/blind-redactor.ts'
import type { SecretSourceDeclaration } from '../../secret/sources.ts'
import type { LogLevel } from '../context.ts'
import type { KeptCall } from '../memory.ts'
import type { ProcessNews } from '../running-processes.ts'

/** Where a child finds a step: it imports the module and compiles the pipeline again. */
export interface StepAddress {
  /** Absolute path of the module that exports the pipeline. */
  readonly module: string
  readonly pipeline: string
  /** The digest of the plan's structure: a child that finds another one refuses. */
  readonly structure: Digest
}

/** Small blobs as base64, by their digests: what is larger is in the store that both sides open. */
export type SmallBlobs = Readonly<Record<Digest, string>>

/** What a child is started with; the first that it is told. */
export interface ChildBoot {
  readonly type: 'boot'
  /** The folder of the project. */
  readonly project: string
  /** Packages of the project whose objects change no result. */
  readonly opaque: readonly string[]
  /** Where secrets come from: the child asks there itself. */
  readonly secrets: readonly SecretSourceDeclaration[]
  /** The folder of the workspace: logs, work. */
  readonly folder: string
  readonly store: StorePlace
  /** Modules that declare what the settings have declared for steps. */
  readonly services: readonly ServiceAddress[]
  /** Loaded at once, so that what is wrong with it is told before there is an attempt. */
  readonly preload?: StepAddress
}

/** Where a child finds a service: the module that defines it. */
export interface ServiceAddress {
  readonly name: string
  readonly module: string | undefined
}

/** One try of one node, as far as it is data. */
export interface ChildAttempt {
  readonly address: StepAddress
  readonly run: { readonly id: string; readonly pipeline: string }
  readonly node: string
  readonly fileName: string
  /** The key of the step in the plan. */
  readonly step: string
  /** What its code was read as; absent where that is not known. */
  readonly code?: CodeParts
  readonly declaration: StepDeclaration
  readonly values: Values
  readonly small: SmallBlobs
  readonly attempt: number
  readonly startedAt: number
  readonly idempotencyKey: string
  readonly seed: string
  /** The most memory that what the step starts may take, in bytes. */
  readonly memoryLimit?: number
}

/** A code digest, with what it is made of, so that another one can be explained. */
export interface CodeParts {
  readonly digest: Digest
  /** By name: the parts of the code, and what was read from the process. */
  readonly parts: Readonly<Record<string, string>>
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
      readonly small: SmallBlobs
      /** Its function still runs: the child is of no more use. */
      readonly abandoned?: true
    }

/** What a child says: a line of JSON on file descriptor 3, or a message of a thread. */
export type FromChild =
  /** What was asked to be loaded at once is loaded. */
  | { readonly type: 'ready' }
  /** There will be no outcome: the step was not found, or the request cannot be met. */
  | { readonly type: 'refused'; readonly error: ErrorRecord }
  /** The code is loaded: from now on the time of the step runs, and whatever ends the child has ended the step. */
  | { readonly type: 'begun' }
  /** A process was started in the child, or has ended: what runs on ends with the child. */
  | ({ readonly type: 'process' } & ProcessNews)
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
  /** The child has read a secret: what it is recognised by where the child prints past its own checks. */
  | { readonly type: 'secret'; readonly marks: SecretMarks }
  /** A thread asks for a large blob in memory that it shares with others. */
  | { readonly type: 'blob'; readonly blob: Digest }
  /** What an extension of the child has to say. */
  | { readonly type: 'extension'; readonly data: unknown }
  /** Something was thrown that no attempt catches: the child ends. */
  | { readonly type: 'uncaught'; readonly error: ErrorRecord }
  | {
      readonly type: 'outcome'
      readonly outcome: ChildOutcome
      readonly usage: Pick<AttemptUsage, 'cpu' | 'memory'>
      /** Child processes that the step has left running. */
      readonly left: number
    }
  /** A message that is too large for a channel, in a file that whoever reads it removes. */
  | { readonly type: 'file'; readonly path: string }

/** What a child is told. */
export type ToChild =
  | ChildBoot
  | { readonly type: 'attempt'; readonly attempt: ChildAttempt }
  /** The attempt is to end; of what time it has left only the parent knows. */
  | { readonly type: 'cancel'; readonly reason: ErrorRecord }
  | MemoryAnswer
  | { readonly type: 'blob'; readonly blob: Digest; readonly bytes: Uint8Array }
  | { readonly type: 'blob'; readonly blob: Digest; readonly error: ErrorRecord }
  | { readonly type: 'file'; readonly path: string }
  /** Nothing more comes. */
  | { readonly type: 'end' }

/** What a child asks the memory of its execution. */
export type MemoryQuestion =
  | { readonly type: 'recall'; readonly idempotencyKey: string }
  | { readonly type: 'keep'; readonly call: KeptCall }
  | { readonly type: 'checkpoint' }
  | { readonly type: 'save'; readonly artifact: Artifact; readonly small: SmallBlobs }

/** The answer to what a child has asked under a number. */
export type MemoryAnswer = { readonly type: 'memory'; readonly number: number } & (
  | { readonly error: ErrorRecord }
  | { readonly call?: KeptCall; readonly artifact?: Artifact; readonly small?: SmallBlobs }
)
