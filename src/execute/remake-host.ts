import type PQueue from 'p-queue'
import type { Resources } from './run-resources.ts'
import type { PlanNode } from '../plan/document.ts'
import type { RunEvent } from '../record/event.ts'
import type { AttemptOutcome } from './attempt.ts'
import type { PendingBlob } from './blobs.ts'
import type { RunServices } from './run-request.ts'
import type { Work } from './step-work.ts'

/** What an attempt needs to know of its step. */
export type Tried = Pick<Work, 'step' | 'declaration' | 'values' | 'seed' | 'idempotencyKey'> &
  Partial<Pick<Work, 'key'>>

/** What making outputs again needs of the run. */
export interface RemakeHost {
  /** Aborted when the run is cancelled or over. */
  readonly signal: AbortSignal
  /** The slots of the run. */
  readonly queue: PQueue
  /** What the run's steps share with others. */
  readonly resources: Resources
  isOver(): boolean
  append(event: RunEvent, blobs?: readonly PendingBlob[]): Promise<void>
  warn(node: string, message: string): void
  plannedNode(path: string): PlanNode
  sleep(ms: number): Promise<void>
  /** Runs one attempt; `now` is what it takes for its start. */
  run(node: string, work: Tried, attempt: number, now: number, services: RunServices): Promise<AttemptOutcome>
}
