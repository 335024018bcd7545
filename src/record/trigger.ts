import type { Json } from '../internal/json.ts'
import type { Address, Owner } from './event.ts'

/** A schedule or a trigger, as it is kept. */
export interface TriggerRecord {
  /** `schedule/<name>` or `trigger/<name>`: what the keys of its runs begin with. */
  readonly origin: string
  readonly pipeline: string
  /** Where its pipeline is found. */
  readonly address: Address
  readonly definition: Json
  /** That of the definition which decides when it fires: where it stays, so does the position. */
  readonly basis: string
  readonly declaredBy: 'settings' | 'code'
  /** Milliseconds since the epoch. */
  readonly declaredAt: number
  readonly paused: boolean
  /** How far it has fired: a time of a schedule, a place in the log, the version of a model. */
  readonly position: number
}

/** `pending`: to be started; `starting`: somebody is about to; the rest is final. */
export type FiringState = 'pending' | 'starting' | 'started' | 'skipped' | 'failed'

/** One time that a schedule or a trigger fires. */
export interface NewFiring {
  /** What tells it from all others of its origin: the same never fires twice. */
  readonly key: string
  /** The time that it stands for, in milliseconds since the epoch. */
  readonly at: number
  /** Its time was missed. */
  readonly madeUp?: boolean
  readonly event: Json
  /** Recorded, and not to be started. */
  readonly skipped?: string
}

/** The same, as it is kept. */
export interface Firing {
  readonly number: number
  readonly origin: string
  readonly key: string
  readonly at: number
  readonly state: FiringState
  readonly madeUp: boolean
  readonly event: Json
  readonly run: string | null
  /** Why it was skipped or has failed. */
  readonly reason: string | null
}

/** What else of its origin goes on when a firing is to be started. */
export interface Surroundings {
  /** Runs of the origin that have not ended. */
  readonly runs: readonly string[]
  /** Firings before it that are to be started, and those that somebody is about to start. */
  readonly earlier: number
  readonly starting: number
  /** Firings after it. */
  readonly later: number
}

/** What is done with a firing: its run is started, it waits, or it is skipped for a reason. */
export type Verdict = 'start' | 'wait' | { readonly skip: string }

/** What became of a firing; `gone`: it is no longer to be started, or another process is about to. */
export interface Taken {
  readonly verdict: Verdict | 'gone'
  readonly surroundings: Surroundings
}

/** A run that has ended, with the place of its end in the log. */
export interface FinishedRun {
  readonly run: string
  readonly state: 'succeeded' | 'failed' | 'cancelled'
  readonly finishedAt: number
  readonly place: number
}

/**
 * What is remembered of schedules and triggers. Times are given by the caller, in milliseconds since the epoch.
 *
 * @port
 */
export interface TriggerStore {
  /** Adds a schedule or trigger, or changes it; one that was paused stays so. */
  declareTrigger(entry: Omit<TriggerRecord, 'paused'>): Promise<void>
  /** All schedules and triggers, by origin. */
  triggers(): Promise<readonly TriggerRecord[]>
  /** Pauses one, or lets it go on from a position; false where there is none. */
  pauseTrigger(origin: string, paused: boolean, position?: number): Promise<boolean>
  /** Removes one with all that it has fired; its runs stay. False where there is none. */
  removeTrigger(origin: string): Promise<boolean>

  /**
   * Records firings and moves the position, in one transaction: of several processes one is given each firing. Gives
   * those that are new; none where the origin is paused, gone, or past the position `from`.
   */
  fire(
    origin: string,
    firings: readonly NewFiring[],
    move?: { readonly from: number; readonly to: number },
  ): Promise<readonly Firing[]>
  /** Firings that are to be started, also those whose starter has died, in order. */
  pendingFirings(at: number, limit: number): Promise<readonly Firing[]>
  /** Judges one of them, and takes it where its run is to be started, in one transaction. */
  takeFiring(
    number: number,
    taker: { readonly owner: Owner; readonly at: number; readonly ttl: number },
    judge: (surroundings: Surroundings) => Verdict,
  ): Promise<Taken>
  /** Says what became of a firing that was taken. */
  settleFiring(
    number: number,
    end: { readonly state: FiringState; readonly run?: string; readonly reason?: string },
  ): Promise<void>
  /** What an origin has fired, the latest first. */
  firings(origin: string, limit: number): Promise<readonly Firing[]>
  /** Removes what an origin has fired for times before one, and has started, skipped or given up; gives how many. */
  pruneFirings(origin: string, before: number): Promise<number>
  /** The firing of a key. */
  firing(origin: string, key: string): Promise<Firing | undefined>

  /** Runs of a pipeline whose end was recorded after a place in the log, in that order. */
  finishedRuns(pipeline: string, after: number, limit: number): Promise<readonly FinishedRun[]>
  /** The last place in the log. */
  lastPlace(): Promise<number>
}
