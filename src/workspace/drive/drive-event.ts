import type { ErrorRecord } from '../../record/event.ts'

/** What a driver does, as it tells it. Times are in milliseconds since the epoch. */
export type DriveEvent = { readonly at: number } & (
  | {
      readonly type: 'drive.started'
      readonly schedules: number
      readonly triggers: number
      readonly pipelines: readonly string[]
    }
  /** A schedule or a trigger has fired; the run is to be started. */
  | { readonly type: 'firing.fired'; readonly origin: string; readonly key: string }
  | {
      readonly type: 'firing.skipped'
      readonly origin: string
      readonly key: string
      readonly reason: string
    }
  /** The run could not be started, and will not be. */
  | {
      readonly type: 'firing.failed'
      readonly origin: string
      readonly key: string
      readonly error: ErrorRecord
    }
  | {
      readonly type: 'run.started'
      readonly run: string
      readonly pipeline: string
      readonly origin: string
      readonly key: string
    }
  /** A run goes on that nobody drove: its process has died, its time has come, or something was posted to it. */
  | {
      readonly type: 'run.taken-up'
      readonly run: string
      readonly pipeline: string
      readonly because: 'interrupted' | 'due' | 'posted'
    }
  | {
      readonly type: 'run.ended'
      readonly run: string
      readonly pipeline: string
      /** `given-up`: it can be resumed; `lost`: another process has taken it over. */
      readonly state: 'succeeded' | 'failed' | 'cancelled' | 'given-up' | 'lost'
      readonly error?: ErrorRecord
    }
  /** Something does not work, and is tried again later. */
  | { readonly type: 'drive.trouble'; readonly subject: string; readonly error: ErrorRecord }
  | { readonly type: 'drive.stopped'; readonly givenUp: readonly string[] }
)

/** An event without its time. */
export type DriveReport = DriveEvent extends infer Each
  ? Each extends DriveEvent
    ? Omit<Each, 'at'>
    : never
  : never
