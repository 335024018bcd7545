import type { Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type {
  ExecutionFacts,
  Owner,
  PostedEvent,
  RecordedCall,
  RecordedCheckpoint,
  RunEvent,
  StoredEvent,
  Values,
} from './event.ts'
import type {
  ArtifactEdge,
  ExecutionRecord,
  ModelVersion,
  NamedEdge,
  NumberedArtifact,
  Page,
  RunDetail,
  RunQuery,
  RunRecord,
} from './records.ts'
import type { TriggerStore } from './trigger.ts'

/** The right to write to a run: what commits are fenced by. */
export interface Lease {
  readonly run: string
  /** Rises by one with each new owner; a commit under an older fence is refused. */
  readonly fence: number
}

/** An event to append. */
export interface NewEvent {
  readonly run: string
  readonly at: number
  readonly event: RunEvent
  /** Small blobs that are stored in the same transaction; their bytes must not change until then. */
  readonly blobs?: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[]
}

/** The outputs that an earlier execution with this key left. */
export interface CacheEntry {
  readonly key: Digest
  readonly run: string
  readonly node: string
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number
  /** When the execution that made it began, in milliseconds since the epoch: the `ctx.now` that it saw. */
  readonly startedAt: number
  readonly outputs: Values
  readonly facts: ExecutionFacts
}

/** An entry that was looked up to be used. */
export interface UsableEntry extends CacheEntry {
  /** Those blobs of its outputs and reports that are in the metadata store. */
  readonly small: ReadonlySet<Digest>
}

/**
 * Who executes what, among the processes of a workspace. A claim lives as long as its run's lease does: that is its
 * heartbeat. Claims save work and protect nothing: where they cannot be kept every claim is granted.
 *
 * @port
 */
export interface Claims {
  /** Claims a cache key for a run; false while another run that is driven has it. Never waits for the holder. */
  claim(key: Digest, lease: Lease): Promise<boolean>
  /** Gives a claim back, some time soon; one that this run does not have is no error. */
  release(key: Digest, lease: Lease): void
}

/** What {@link MetadataStore.acquire} found. */
export type Acquired =
  | {
      readonly ok: true
      readonly lease: Lease
      /** The reason of a cancel that was asked for while nobody drove the run; taking the run clears it. */
      readonly cancelRequested: string | null
    }
  /** Somebody drives the run: a process that lives, or one of elsewhere whose lease has not expired. */
  | {
      readonly ok: false
      readonly owner: Owner
      readonly heartbeatAt: number
      readonly expired: boolean
      readonly liveness: 'alive' | 'unknown'
    }

/** What became of something that was posted to a run. */
export type PostResult =
  | 'posted'
  /** The node was decided before. */
  | 'decided'
  /** Its time to be decided is over. */
  | 'expired'
  /** It does not wait for a decision. */
  | 'not-waiting'
  /** The run has ended. */
  | 'closed'

/** A run that waits and that nobody drives. */
export interface WaitingRun {
  readonly run: string
  readonly pipeline: string
  /** When the first of its waits ends by itself, in milliseconds since the epoch; null: none does. */
  readonly until: number | null
  /** Something was posted to it since, or it is to be cancelled. */
  readonly isPosted: boolean
}

/** A run that is to be removed, as it was when it was chosen. */
export type ChosenRun = Pick<RunRecord, 'id' | 'state' | 'finishedAt'>

/** What {@link MetadataStore.remove} left alone. */
export interface Removed {
  /** Runs that are no longer what they were; while there are any, no blob and no cache entry was removed. */
  readonly kept: readonly string[]
}

/**
 * The port behind which what happened is remembered.
 *
 * @port
 */
export interface MetadataStore extends TriggerStore {
  /** Who executes what; absent where no other process can have the store open. */
  readonly claims?: Claims
  /**
   * Appends events and their projections, in order. Calls are committed in groups: the promise resolves when
   * this one is durable, and rejects with `LEASE_LOST` when the lease is not the run's current one.
   */
  append(event: NewEvent, lease?: Lease): Promise<void>
  /** Waits until everything appended so far is durable. */
  flush(): Promise<void>
  /** The events of a run after a place in the log, in order. */
  events(run: string, after?: number): AsyncIterable<StoredEvent>
  /** The place of a run's last event in the log; 0 when there is none. */
  lastEvent(run: string): Promise<number>

  /**
   * Makes this process the owner of a run that has none, whose owner is dead or (where that can't be told) has
   * let its lease expire, or whose owner is given as `evict`. The lease is kept alive until it is released.
   */
  acquire(run: string, owner: Owner, evict?: { readonly fence: number } | 'any'): Promise<Acquired>
  /** Ends the ownership, after all that was appended; a lease that is no longer current is no error. */
  release(lease: Lease): Promise<void>
  /** Appends `run.cancel-requested` and tells the run's owner, whichever process that is. */
  requestCancel(run: string, reason: string): Promise<void>
  /** Calls a listener once within a second when a run that this process owns is to be cancelled; gives its end. */
  onCancelRequested(run: string, listener: (reason: string) => void): () => void
  /** Appends what somebody says from outside, if it still counts, and tells the run's owner within a second. */
  post(run: string, event: PostedEvent): Promise<PostResult>
  /** What was posted to a run after a place in the log, in order. */
  posted(run: string, after: number): Promise<readonly StoredEvent[]>
  /** Calls a listener when something was posted to a run by this process; gives its end. Others are to be polled. */
  onPosted(run: string, listener: () => void): () => void
  /** The runs that wait and that nobody drives. */
  waiting(): Promise<readonly WaitingRun[]>
  /** Calls a listener when another process has taken over a run that this one owned; gives its end. */
  onLost(run: string, listener: (lease: Lease) => void): () => void

  /** A call of an execution that has given its result, by the idempotency key that its function was handed. */
  call(run: string, node: string, idempotencyKey: string): Promise<RecordedCall | undefined>
  /** The latest checkpoint of an execution that has not succeeded. */
  checkpoint(run: string, node: string): Promise<RecordedCheckpoint | undefined>

  /** The entry of a cache key, to be used now: its small blobs are touched before any event that follows. */
  cached(key: Digest): Promise<UsableEntry | undefined>
  /** Forgets an entry whose blobs are gone. */
  forget(key: Digest): Promise<void>
  /** A small blob that was stored with an event. */
  blob(digest: Digest): Promise<Uint8Array | undefined>
  /**
   * Tells which small blobs are there, and makes their time now (half an hour more or less does not matter):
   * garbage collection spares what was used lately.
   */
  touchBlobs(digests: readonly Digest[]): Promise<ReadonlySet<Digest>>
  /** Removes a small blob whose bytes are these: they are not what was written. */
  dropBlob(digest: Digest, bytes: Uint8Array): Promise<void>

  /** Runs, filtered and ordered, page by page (keyset). */
  runs(query?: RunQuery): Promise<Page<RunRecord>>
  /** The runs whose id starts with a text; at most two, to tell a unique prefix. */
  runsByPrefix(prefix: string): Promise<readonly RunRecord[]>
  /** The run of a pipeline with a caller's key. */
  runByKey(pipeline: string, key: string): Promise<RunRecord | undefined>
  /** A run with its executions, metrics, parameters and environment. */
  detail(run: string): Promise<RunDetail | undefined>
  /** The executions of a run in the order of their start. */
  executions(run: string): Promise<readonly ExecutionRecord[]>
  /** Keeps a run and its artifacts from garbage collection, or lets them go. */
  pin(run: string, pinned: boolean): Promise<void>

  /** The records with a content digest (several kinds may share one). */
  artifacts(digest: Digest): Promise<readonly Artifact[]>
  /** The records whose content digest starts with a text (`sha256:3f…`); of at most ten digests. */
  artifactsByPrefix(prefix: string): Promise<readonly Artifact[]>
  /** Every edge between executions and artifacts, in rising order after a place. */
  edges(after?: number): AsyncIterable<ArtifactEdge>
  /** The edges, with their names, of some executions or of some artifacts, in rising order. */
  edgesOf(side: 'execution' | 'artifact', numbers: readonly number[]): Promise<readonly NamedEdge[]>
  /** The same of some artifacts, within one run. */
  edgesWithin(run: string, artifacts: readonly number[]): Promise<readonly NamedEdge[]>
  /** Rises when edges were removed or numbered anew: what was read before is then to be read again. */
  lineageGeneration(): Promise<number>
  /** Executions by their numbers, in the order asked for; unknown ones are left out. */
  executionsByNumber(numbers: readonly number[]): Promise<readonly ExecutionRecord[]>
  /** Executions of a step that have really run and succeeded, before a number, the latest first. */
  executionsOf(step: string, before: number, limit: number): Promise<readonly ExecutionRecord[]>
  /** The execution of a node in a run. */
  executionAt(run: string, node: string): Promise<ExecutionRecord | undefined>
  /** Artifacts by their numbers, in the order asked for; unknown ones are left out. */
  artifactsByNumber(numbers: readonly number[]): Promise<readonly NumberedArtifact[]>
  /** The number of an artifact, as edges name it. */
  artifactNumbers(digest: Digest): Promise<readonly number[]>

  /** Registers a model: the version of an equal digest if there is one, else the next. */
  registerModel(
    entry: Omit<ModelVersion, 'version' | 'aliases'>,
    alias: string | undefined,
  ): Promise<ModelVersion>
  /** Versions of one model or of all, newest first. */
  modelVersions(name?: string): Promise<readonly ModelVersion[]>

  /**
   * Removes runs with all that is known of them, the cache entries that they left, and small blobs that were not
   * used after `untouchedSince`, in milliseconds since the epoch. A run is kept that, since it was chosen, has got
   * an owner, has another state or another end, was pinned, or made a model that was registered.
   */
  remove(request: {
    readonly runs: readonly ChosenRun[]
    readonly blobs: readonly Digest[]
    readonly cacheKeys: readonly Digest[]
    readonly untouchedSince?: number
  }): Promise<Removed>
  /** Every cache entry, for garbage collection. */
  cacheEntries(): AsyncIterable<CacheEntry>
  /** Every small blob with its size and time. */
  smallBlobs(): AsyncIterable<{ readonly digest: Digest; readonly size: number; readonly at: number }>
  /** Every artifact of a run: inputs, outputs, reports. */
  artifactsOfRun(run: string): AsyncIterable<Artifact>

  /** Commits what is left and lets go of all that it holds; later calls are refused with `WORKSPACE_CLOSED`. */
  close(): Promise<void>
}
