import type { Digest } from '../internal/digest.ts'
import type { Json, JsonObject } from '../internal/json.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { RunnerName } from '../define/step.ts'
import type { Selection } from '../plan/select.ts'

/** The version of the event format; older events are upcast, newer ones refused. */
export const eventFormat = 1

/** A value on an edge: a stored artifact, or a part of one, or plain data from the plan. */
export type Value =
  | {
      readonly artifact: Artifact
      readonly pick?: readonly (string | number)[]
      /** The content digest of the stored list that it is an item of. */
      readonly of?: Digest
    }
  | { readonly value: Json }
  | { readonly list: readonly Value[] }
  | { readonly absent: true }

/** Named values. */
export type Values = Readonly<Record<string, Value>>

/** A place in the code of a project; lines and columns are counted from 1. */
export interface ErrorPlace {
  /** Relative to the project, with forward slashes. */
  readonly file: string
  readonly line: number
  readonly column: number
}

/** An error as it is recorded. */
export interface ErrorRecord {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  /** Where in the project it was thrown, as written; absent where its stack names no place of the project. */
  readonly place?: ErrorPlace
  readonly cause?: ErrorRecord
}

/** Who drives a run. */
export interface Owner {
  readonly host: string
  readonly pid: number
  /** When the process started, as the system tells it; with pid and boot it names one process for good. */
  readonly processStart: string
  readonly boot: string
  /** The pid namespace; a pid of another one proves nothing. */
  readonly namespace: string
}

/** Where a pipeline's code is found again. */
export interface Address {
  /** Path of the module, relative to the project. */
  readonly module: string
  readonly pipeline: string
}

/** The software and the machine that a run ran on. */
export interface Environment {
  readonly node: string
  readonly platform: string
  readonly host: string
  readonly pipewright: string
  /** Resolved versions of the project's direct dependencies. */
  readonly packages: Readonly<Record<string, string>>
  /** Null outside of a git repository. */
  readonly git: { readonly commit: string; readonly branch: string | null; readonly dirty: boolean } | null
}

/** How a run behaves, as it was started. */
export interface RunSettings {
  readonly concurrency: number
  readonly failure: 'stop' | 'continue'
  readonly failFast: boolean
  /** Milliseconds. */
  readonly timeout?: number
  /** Milliseconds since the epoch. */
  readonly deadline?: number
  /** Where steps run, whatever they say. */
  readonly runner?: RunnerName
  /** What runs, where the run is a part of its plan. */
  readonly selection?: Selection
  /** Default: entries are used and made. */
  readonly cache?: CacheMode
  /** The share of the hits that is recomputed and compared, 0 to 1. Default: none. */
  readonly verifyCache?: number
}

/**
 * How a run uses the cache: `refresh` executes (all, or the nodes that these patterns match) and makes new entries,
 * `readonly` makes none, `off` neither uses nor makes any.
 */
export type CacheMode = 'refresh' | 'readonly' | 'off' | { readonly refresh: readonly string[] }

/** Why an attempt ended without a result. */
export type AttemptEnd =
  | 'failed'
  | 'timed-out'
  | 'cancelled'
  | 'interrupted'
  /** It met stored bytes that were gone or corrupt, and that were made again: that uses up no try. */
  | 'lost-input'

/** Stored bytes that were gone or corrupt. */
export interface LostBlob {
  readonly digest: Digest
  /** The node that was to read them; empty for the outputs of the run. */
  readonly by: string
}

/** A metric as it stands at the end of an execution. */
export interface MetricSummary {
  readonly last: number
  readonly min: number
  readonly max: number
  readonly count: number
}

/** Where an attempt ran that was not inline, and what it used there. */
export interface AttemptUsage {
  /** `python`, `command` and `container`: a step of this kind, run inline. */
  readonly runner: 'thread' | 'process' | 'python' | 'command' | 'container'
  /** Milliseconds of CPU time, where it can be told. */
  readonly cpu?: number
  /** The most resident memory of processes, or the heap of a thread at its end, in bytes. */
  readonly memory?: number
}

/** What an attempt has reported. */
export interface AttemptFacts {
  readonly metrics: Readonly<Record<string, MetricSummary>>
  readonly params: JsonObject
  readonly usage?: AttemptUsage
  /** Absent where there is none. */
  readonly reports?: readonly Artifact[]
}

/** What the end of an execution carries beside its outputs. */
export interface ExecutionFacts extends AttemptFacts {
  /** Outputs whose schemas take what they gave; of steps with a `version`. */
  readonly lasting?: readonly string[]
  readonly reports: readonly Artifact[]
  /** The log segment of the attempt, relative to the workspace; absent when nothing was logged. */
  readonly log?: string
}

/** An output that came out otherwise when a hit was recomputed. */
export interface OutputDifference {
  /** Null when the step threw. */
  readonly output: string | null
  /** Where it first differs from what is recorded, or what was thrown. */
  readonly difference: string
}

/**
 * What happened in a run, one closed union. The state of a run is a fold over its events; all other tables are
 * projections of them.
 */
export type RunEvent =
  | {
      readonly type: 'run.started'
      readonly pipeline: string
      /** The stored plan document, and its structure digest. */
      readonly plan: Digest
      readonly structure: Digest
      readonly inputs: Values
      /** The code digest of each step of the plan; null where it has none. */
      readonly code: Readonly<Record<string, Digest | null>>
      /** By step: the stored list of the parts of its code. */
      readonly reached?: Readonly<Record<string, Digest>>
      /** By module of the project: its stored text. */
      readonly texts?: Readonly<Record<string, Digest>>
      readonly address: Address | null
      readonly settings: RunSettings
      readonly tags: readonly string[]
      readonly key: string | null
      /** The run that this one repeats a part of, and how many of its events follow: what is not repeated is taken. */
      readonly rerun?: { readonly of: string; readonly taken: number }
    }
  | {
      readonly type: 'run.resumed'
      readonly acceptedCode: readonly string[]
      readonly code: Readonly<Record<string, Digest | null>>
    }
  | { readonly type: 'run.environment'; readonly environment: Environment }
  | { readonly type: 'run.cancel-requested'; readonly reason: string }
  | {
      readonly type: 'run.finished'
      readonly state: 'succeeded' | 'failed' | 'cancelled'
      readonly outputs: Values
      readonly error?: ErrorRecord
    }
  | { readonly type: 'map.expanded'; readonly node: string; readonly count: number }
  /** `taken` is the name of a branch, `else`, `otherwise` or `none`. */
  | { readonly type: 'branch.decided'; readonly node: string; readonly taken: string }
  /** A round of a loop is over; the first one has the number 0. */
  | {
      readonly type: 'loop.turned'
      readonly node: string
      readonly round: number
      readonly again: boolean
    }
  | {
      readonly type: 'attempt.started'
      readonly node: string
      readonly step: string
      readonly attempt: number
      readonly key: Digest | null
    }
  | {
      readonly type: 'attempt.failed'
      readonly node: string
      readonly attempt: number
      readonly end: AttemptEnd
      readonly error: ErrorRecord
      /** Milliseconds until the next try; absent when there is none. */
      readonly retryIn?: number
      readonly log?: string
      /** What it had reported until then; absent where that is nothing. */
      readonly facts?: AttemptFacts
    }
  | {
      readonly type: 'node.succeeded'
      readonly node: string
      /** The step's name; null for a map, a branch or a sub-pipeline. */
      readonly step: string | null
      /** Zero for a hit and for nodes without attempts. */
      readonly attempt: number
      /** Milliseconds since the epoch. */
      readonly startedAt: number
      readonly inputs: Values
      readonly outputs: Values
      readonly key: Digest | null
      /** Why no cache entry was written; absent when one was, or for a hit. */
      readonly uncached?: string
      /** The digests of declared environment variables; null for one that was not set. */
      readonly env?: Readonly<Record<string, Digest | null>>
      /** What the step's `fingerprint` gave, as canonical JSON. */
      readonly fingerprint?: string
      /** The execution whose outputs were reused. */
      readonly reused?: { readonly run: string; readonly node: string }
      readonly facts?: ExecutionFacts
      /** Of a map: which output of which body node each list holds. The projection draws its edges from this. */
      readonly gathers?: Readonly<Record<string, { readonly node: string; readonly output: string }>>
    }
  /** A call within a step has given its result, which no later attempt of the execution asks for again. */
  | {
      readonly type: 'call.succeeded'
      readonly node: string
      /** What the step calls it. */
      readonly call: string
      /** What its function was handed: the same whenever the call is repeated. */
      readonly idempotencyKey: string
      /** Absent where it gave none. */
      readonly result?: Json
      /** The cache key of the attempt, null where it has none: other code makes another one. */
      readonly key: Digest | null
    }
  /** What the next attempt of an execution may go on from; the latest one counts. */
  | {
      readonly type: 'checkpoint.saved'
      readonly node: string
      readonly attempt: number
      readonly artifact: Artifact
      /** As of `call.succeeded`. */
      readonly key: Digest | null
    }
  /** A hit was recomputed and compared; no state follows from it. */
  | {
      readonly type: 'node.verified'
      readonly node: string
      readonly step: string
      readonly key: Digest
      /** The execution whose outputs were reused. */
      readonly against: { readonly run: string; readonly node: string }
      /** Empty when all outputs are the same. */
      readonly differences: readonly OutputDifference[]
      /** The log segment of what was recomputed. */
      readonly log?: string
    }
  /** What a node that has succeeded had made was lost and made again: its state, inputs and edges stay as they are. */
  | {
      readonly type: 'node.repaired'
      readonly node: string
      /** Null for a map, whose lists were gathered again. */
      readonly step: string | null
      /** Zero for a map. */
      readonly attempt: number
      /** Milliseconds since the epoch. */
      readonly startedAt: number
      /** Of the same content as before; their bytes may be others. */
      readonly outputs: Values
      /** The key of the cache entry that now names these outputs; null where none does. */
      readonly key: Digest | null
      /** The start that `ctx.now` has told, in milliseconds since the epoch: that of the execution that was repeated. */
      readonly now?: number
      readonly facts?: ExecutionFacts
      readonly lost: LostBlob
    }
  | {
      readonly type: 'node.failed'
      readonly node: string
      readonly step: string | null
      readonly error: ErrorRecord
    }
  | { readonly type: 'node.skipped'; readonly node: string }
  /** A node waits: for a point in time, for a signal or for a decision; until then at most. */
  | {
      readonly type: 'wait.opened'
      readonly node: string
      readonly on: 'time' | 'signal' | 'approval'
      /** Milliseconds since the epoch; null: for ever. */
      readonly until: number | null
      /** What whoever decides is shown. */
      readonly show?: Values
    }
  /** Somebody has decided: appended by whoever asks for it, not by whoever drives the run. */
  | {
      readonly type: 'approval.decided'
      readonly node: string
      readonly approved: boolean
      readonly payload?: Json
      readonly by: string
      readonly roles: readonly string[]
      readonly reason?: string
    }
  /** Somebody has sent a signal; the next node that waits for it takes it. */
  | {
      readonly type: 'signal.received'
      readonly signal: string
      readonly payload: Json
      readonly by: string
    }
  /** What was posted does not fit what the node takes: it goes on waiting. */
  | { readonly type: 'post.refused'; readonly node: string; readonly reason: string }
  /** Nothing is left to do but to wait; `until` is when the first wait ends by itself. */
  | { readonly type: 'run.waiting'; readonly until: number | null }
  /** There is something to do again. */
  | { readonly type: 'run.proceeded' }
  /** The run has failed: an effect is about to be taken back. From the first one on the run can only fail. */
  | { readonly type: 'undo.started'; readonly node: string }
  /** An effect was taken back, or could not be. */
  | { readonly type: 'node.undone'; readonly node: string; readonly error?: ErrorRecord }
  | { readonly type: 'node.blocked'; readonly node: string; readonly by: string }
  | { readonly type: 'node.cancelled'; readonly node: string }

/** A call within a step, as it is recorded. */
export type RecordedCall = Extract<RunEvent, { readonly type: 'call.succeeded' }>

/** What an attempt may go on from, as it is recorded. */
export type RecordedCheckpoint = Extract<RunEvent, { readonly type: 'checkpoint.saved' }>

/** What somebody outside says to a run. */
export type PostedEvent = Extract<RunEvent, { readonly type: 'approval.decided' | 'signal.received' }>

/** An event with its place in the log. */
export interface StoredEvent {
  /** Rising over the whole workspace. */
  readonly seq: number
  readonly run: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: RunEvent
}
