import type { Digest } from '../internal/digest.ts'
import type { Json, JsonObject } from '../internal/json.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { UndoneEffect } from './undone.ts'
import type { RunVerification } from './verification.ts'
import type {
  Address,
  AttemptEnd,
  AttemptFacts,
  AttemptUsage,
  Environment,
  ErrorRecord,
  LostBlob,
  MetricSummary,
  Owner,
  RunSettings,
  Values,
} from './event.ts'

/** The recorded state of a run; `interrupted` is a running one that nobody drives any more. */
export type RunState = 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted'

/** The recorded state of a node. */
export type NodeState = 'running' | 'waiting' | 'succeeded' | 'failed' | 'blocked' | 'skipped' | 'cancelled'

/** One run. */
export interface RunRecord {
  readonly id: string
  readonly pipeline: string
  readonly state: RunState
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly finishedAt: number | null
  readonly tags: readonly string[]
  readonly key: string | null
  readonly pinned: boolean
  readonly owner: Owner | null
  readonly error: ErrorRecord | null
}

/** One try of a node. */
export interface AttemptRecord {
  readonly number: number
  readonly startedAt: number
  readonly finishedAt: number | null
  /** Null while it runs. */
  readonly end: 'succeeded' | AttemptEnd | null
  readonly error: ErrorRecord | null
  readonly log: string | null
  /** What a try without a result had reported; that of a success is the execution's. Absent where there is nothing. */
  readonly facts?: AttemptFacts
  /** What it used, where it did not run inline. */
  readonly usage?: AttemptUsage
  /** What this try made again, of a node that had succeeded; absent for any other. */
  readonly repaired?: LostBlob
}

/** One execution: a node in a run. */
export interface ExecutionRecord {
  /** The number by which edges name it. */
  readonly number: number
  readonly run: string
  readonly node: string
  /** Null for a map, a branch or a sub-pipeline. */
  readonly step: string | null
  readonly state: NodeState
  readonly startedAt: number
  readonly finishedAt: number | null
  readonly inputs: Values
  readonly outputs: Values
  readonly key: Digest | null
  /** The code digest that the run had for the step at that time; null where it had none. */
  readonly code: Digest | null
  readonly uncached: string | null
  /** The digests of declared environment variables; null for one that was not set. */
  readonly env: Readonly<Record<string, Digest | null>>
  /** What the step's `fingerprint` gave, as canonical JSON; null where it has none. */
  readonly fingerprint: string | null
  readonly reused: { readonly run: string; readonly node: string } | null
  readonly metrics: Readonly<Record<string, MetricSummary>>
  readonly params: JsonObject
  readonly reports: readonly Artifact[]
  readonly attempts: readonly AttemptRecord[]
  readonly error: ErrorRecord | null
  /** The node that failed before it; only of a blocked one. */
  readonly blockedBy?: string
}

/** A run with all that is known of it. */
export interface RunDetail extends RunRecord {
  readonly plan: Digest
  readonly structure: Digest
  readonly inputs: Values
  readonly outputs: Values
  readonly code: Readonly<Record<string, Digest | null>>
  /** By step: the stored list of the parts of its code. */
  readonly reached: Readonly<Record<string, Digest>>
  /** By module of the project: its stored text. */
  readonly texts: Readonly<Record<string, Digest>>
  readonly address: Address | null
  readonly settings: RunSettings
  /** The run that this one repeats a part of; null for one that was started anew. */
  readonly rerunOf: string | null
  readonly environment: Environment | null
  /** Null where the run was not asked to verify its hits. */
  readonly verification: RunVerification | null
  /** The effects that were taken back, or were to be, because the run has failed; such a run cannot be resumed. */
  readonly undone: readonly UndoneEffect[]
  readonly executions: readonly ExecutionRecord[]
}

/**
 * Which runs to list.
 *
 * @example
 * ```ts
 * const { items, next } = await pw.runs({ pipeline: 'tumours', state: 'failed', since: new Date('2026-02-01') })
 * if (next !== undefined) await pw.runs({ pipeline: 'tumours', state: 'failed', after: next })
 * ```
 */
export interface RunQuery {
  readonly pipeline?: string
  readonly state?: RunState
  readonly tag?: string
  /** Only runs started at or after this time. */
  readonly since?: Date
  /** Default `-startedAt`: the newest first. */
  readonly orderBy?: 'startedAt' | '-startedAt' | 'finishedAt' | '-finishedAt'
  /** Default 50, at most 1,000. */
  readonly limit?: number
  /** The `next` of the page before. */
  readonly after?: string
}

/** A page of a list; `next` is undefined on the last one. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | undefined
}

/** An edge of the lineage: an execution read or wrote an artifact. */
export interface ArtifactEdge {
  readonly number: number
  readonly execution: number
  /** The run of the execution. */
  readonly run: string
  readonly artifact: number
  readonly direction: 'in' | 'out'
}

/** An artifact with the number by which edges name it. */
export interface NumberedArtifact {
  readonly number: number
  readonly artifact: Artifact
}

/** An edge with the name of the input or output that it stands for. */
export interface NamedEdge extends Omit<ArtifactEdge, 'run'> {
  readonly name: string
}

/** One version of a registered model. */
export interface ModelVersion {
  readonly name: string
  readonly version: number
  /** Content digest of the model. */
  readonly digest: Digest
  readonly artifact: Artifact
  readonly aliases: readonly string[]
  readonly registeredAt: number
  readonly run: string | null
  readonly node: string | null
  readonly metadata: Readonly<Record<string, Json>>
}
