import type { AnyPipeline } from '../../define/runnable.ts'
import type { Values } from '../../record/event.ts'

/** What became of one node. */
export interface ContractExecution {
  readonly node: string
  /** How it has settled; `running` where it has not. */
  readonly state: string
  /** How its attempts have ended, in their order (`succeeded`, `failed`, `timed-out`, …); none of a node that was reused. */
  readonly attempts: readonly string[]
  /** Its outputs were taken from an earlier run. */
  readonly reused: boolean
  readonly inputs: Values
  readonly outputs: Values
}

/** How a run has ended. */
export interface ContractEnd {
  readonly state: 'succeeded' | 'failed' | 'cancelled'
  /** Undefined unless it has succeeded. */
  readonly outputs: unknown
  readonly executions: readonly ContractExecution[]
}

/**
 * A run, as the contract handles it. `interrupt` and `cancel` are called while a step runs, perhaps from inside of it, and must
 * not wait for it.
 *
 * @port
 */
export interface ContractRun {
  /** Ends all that drives the run, as `kill -9` would: running steps get their signal, and nothing they give counts. */
  interrupt(): void
  /** Asks for the run to be cancelled. */
  cancel(): void
  /** Goes on with a run that was interrupted, or has ended without success. */
  resume(): Promise<void>
  /** Decides an approval, as soon as the run waits for it. */
  decide?(node: string, approved: boolean): void
  /** Waits for the end. */
  ended(): Promise<ContractEnd>
}

/**
 * Something that drives runs, as the contract handles it. The functions of steps run on this machine, in whatever thread or
 * process.
 *
 * @port
 */
export interface ContractOrchestrator {
  /** Starts a run; its pipeline has json inputs. */
  start(pipeline: AnyPipeline, inputs: Readonly<Record<string, unknown>>): Promise<ContractRun>
  /** Lets go of all that it holds. */
  close(): Promise<void>
}
