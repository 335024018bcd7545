import type { Generated } from 'kysely'
import type { NodeState } from '../records.ts'
import type { Digest } from '../../internal/digest.ts'

/** JSON text. */
export type JsonText = string

/** The log that everything else is folded from; rows are only ever added (and removed with their run). */
export interface EventTable {
  seq: Generated<number>
  /** Empty for what concerns the workspace as a whole. */
  run: string
  at: number
  type: string
  node: string | null
  format: number
  data: JsonText
}

/** One row per run. `started`, `finished` and `resumed` are places in the log, where the rest is read. */
export interface RunTable {
  id: string
  pipeline: string
  state: 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled'
  started_at: number
  finished_at: number | null
  key: string | null
  error: JsonText | null
  started: number
  finished: number | null
  /** A list of places: the run goes on with other code after each. */
  resumed: JsonText
}

/** One row per node that a run has come to; what it read and wrote is in the event `settled`. */
export interface ExecutionTable {
  number: Generated<number>
  run: string
  node: string
  step: string | null
  state: NodeState
  started_at: number
  finished_at: number | null
  key: Digest | null
  reused: number
  settled: number | null
  /** How often it succeeded: more than once where a lost output was made again. */
  successes: number
}

/** One row per try; `started` is the place of its first event, `ended` of its last. */
export interface AttemptTable {
  execution: number
  started: number
  number: number
  started_at: number
  finished_at: number | null
  outcome: string | null
  ended: number | null
}

/** One row per call within a step that has given its result, which is in the event. */
export interface CallTable {
  run: string
  node: string
  idempotency_key: string
  event: number
}

/** One row per execution that has left a checkpoint and has not succeeded: the place of the latest one. */
export interface CheckpointTable {
  run: string
  node: string
  event: number
}

export interface ArtifactTable {
  number: Generated<number>
  digest: Digest
  kind: string
  data: JsonText
}

export interface EdgeTable {
  number: Generated<number>
  execution: number
  artifact: number
  direction: 'in' | 'out'
  name: string
}

export interface ParamTable {
  execution: number
  name: string
  value: JsonText
}

/** NaN is null here, as SQLite has none; the event has it. */
export interface MetricTable {
  execution: number
  name: string
  last: number | null
  min: number | null
  max: number | null
  count: number
}

export interface TagTable {
  run: string
  tag: string
}

/** The stored inputs of a run: what it read before any step. */
export interface RunInputTable {
  run: string
  name: string
  artifact: number
}

export interface EnvironmentTable {
  run: string
  event: number
  node: string
  platform: string
  host: string
  git_commit: string | null
}

/** The event has the rest: rows at random places cost the more the longer they are. */
export interface CacheEntryTable {
  key: Digest
  event: number
}

export interface ModelVersionTable {
  name: string
  version: number
  digest: Digest
  registered_at: number
  data: JsonText
}

export interface ModelAliasTable {
  name: string
  alias: string
  version: number
}

export interface BlobTable {
  digest: Digest
  bytes: Uint8Array
  size: number
  at: number
}

/** One row per run that ever had an owner; without an owner nobody drives it. */
export interface LeaseTable {
  run: string
  fence: number
  owner: JsonText | null
  heartbeat_at: number
  expires_at: number
  /** The reason; null while nobody asked. */
  cancel_requested: string | null
}

export interface PinTable {
  run: string
}

export interface CounterTable {
  name: string
  value: number
}

/** One row per schedule and per trigger. */
export interface TriggerTable {
  origin: string
  pipeline: string
  address: JsonText
  definition: JsonText
  /** That of the definition which decides when it fires. */
  basis: string
  declared_by: 'settings' | 'code'
  declared_at: number
  paused: number
  position: number
}

/** One row per time that a schedule or a trigger has fired. */
export interface FiringTable {
  number: Generated<number>
  origin: string
  key: string
  at: number
  state: 'pending' | 'starting' | 'started' | 'skipped' | 'failed'
  made_up: number
  event: JsonText
  run: string | null
  reason: string | null
  /** Who is about to start the run, and until when that is believed. */
  owner: JsonText | null
  expires_at: number | null
}

export interface MigrationTable {
  number: number
  name: string
  checksum: string
  applied_at: number
}

/** The metadata database. */
export interface MetadataTables {
  events: EventTable
  runs: RunTable
  executions: ExecutionTable
  attempts: AttemptTable
  calls: CallTable
  checkpoints: CheckpointTable
  artifacts: ArtifactTable
  edges: EdgeTable
  params: ParamTable
  metrics: MetricTable
  tags: TagTable
  run_inputs: RunInputTable
  environments: EnvironmentTable
  cache_entries: CacheEntryTable
  model_versions: ModelVersionTable
  model_aliases: ModelAliasTable
  blobs: BlobTable
  leases: LeaseTable
  pins: PinTable
  counters: CounterTable
  triggers: TriggerTable
  firings: FiringTable
  migrations: MigrationTable
}

/** The tables that are folded from the events: `rebuild` empties and fills them. */
export const projections = [
  'runs',
  'executions',
  'attempts',
  'calls',
  'checkpoints',
  'artifacts',
  'edges',
  'params',
  'metrics',
  'tags',
  'run_inputs',
  'environments',
  'cache_entries',
  'model_versions',
  'model_aliases',
] as const satisfies readonly (keyof MetadataTables)[]
