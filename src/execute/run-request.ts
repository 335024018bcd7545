import type { Kind } from '../artifact/kind.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import type { AnyStep } from '../define/step.ts'
import type { StepCode } from '../code/step-digest.ts'
import type { Plan, PlanNode } from '../plan/document.ts'
import type { ErrorRecord, RunEvent, RunSettings, StoredEvent, Values } from '../record/event.ts'
import type { Lease, MetadataStore } from '../record/metadata.ts'
import type { RunVerification } from '../record/verification.ts'
import type { attemptStep, AttemptServices } from './attempt.ts'
import type { CacheLookup } from './cache-lookup.ts'
import type { StepAddress } from './child/protocol.ts'
import type { LogLevel } from './context.ts'
import type { ResourcePool } from './resource-pool.ts'
import type { ServiceHost } from './service-host.ts'
import type { SharedCache } from './shared-cache.ts'
import type { Telemetry } from './telemetry.ts'

/** What happens while a run is driven, beside what is recorded. */
export type LiveEvent =
  | {
      readonly type: 'attempt.progress'
      readonly node: string
      readonly done: number
      readonly total: number
    }
  | {
      readonly type: 'attempt.metric'
      readonly node: string
      readonly name: string
      readonly value: number
      readonly step: number
    }
  | {
      readonly type: 'attempt.log'
      readonly node: string
      readonly level: LogLevel
      readonly message: string
      readonly fields: Readonly<Record<string, unknown>> | undefined
    }

/** Something that happened in a run. */
export interface RunUpdate {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: RunEvent | LiveEvent
}

/** What a run is driven with: the workspace's side. */
export interface RunServices extends AttemptServices {
  readonly metadata: MetadataStore
  readonly resources: ResourcePool
  /** What the steps of this process share. */
  readonly services: ServiceHost
  readonly lookup: CacheLookup
  /** Where the store is shared. */
  readonly shared?: SharedCache
  readonly telemetry?: Telemetry
  /** Draws from [0, 1): the jitter of retries. */
  readonly random: () => number
  /** Stands in for {@link attemptStep}: where attempts run in another process. */
  readonly attempt?: typeof attemptStep
  /** Ends the threads and processes of steps. */
  readonly closeRunners: () => Promise<void>
}

/** The functions behind a plan. */
export interface Program {
  /** By the keys of the plan's steps. */
  readonly steps: ReadonlyMap<string, AnyStep>
  readonly pipelines: ReadonlyMap<PlanNode, AnyPipeline>
  /** What a signal or a decision carries, by its node. */
  readonly payloads?: ReadonlyMap<PlanNode, Kind<unknown, never>>
  /** By the keys of the plan's steps. */
  readonly code: ReadonlyMap<string, StepCode>
  /** Where another thread or process finds the pipeline; absent where it is in no module. */
  readonly address?: StepAddress
}

/** One run to drive. */
export interface RunRequest {
  readonly id: string
  readonly plan: Pick<Plan, 'pipeline' | 'pipelines' | 'scope' | 'steps'>
  readonly program: Program
  readonly inputs: Values
  readonly settings: RunSettings
  /** Root nodes that were not selected: they are taken from the cache or fail with `SELECTION_GAP`. */
  readonly reuse?: ReadonlySet<string>
  readonly lease: Lease
  /** What is recorded of the run so far, in order; empty for a new one. */
  readonly history: readonly StoredEvent[]
  readonly onUpdate: (update: RunUpdate) => void
}

/** How a run ended. */
export interface RunOutcome {
  readonly state: 'succeeded' | 'failed' | 'cancelled'
  readonly outputs: Values
  /** What verifying the cache has found, where the run was asked to. */
  readonly verification?: RunVerification
  readonly failures: readonly {
    readonly node: string
    readonly error: ErrorRecord
    readonly cause: unknown
  }[]
  /** Set when the run ended for a reason of its own, such as its timeout. */
  readonly error?: unknown
}
