import type { ArtifactStore } from '../artifact/blob.ts'
import type { PythonEnvironment } from '../define/python-step.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import type { AnyService } from '../define/service.ts'
import type { RunServices } from '../execute/run-request.ts'
import type { RunnerSettings } from '../execute/runner-settings.ts'
import type { Telemetry } from '../execute/telemetry.ts'
import type { EnvironmentProgress } from '../python/environment/environment-progress.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { RunDetail } from '../record/records.ts'
import type { SecretSource } from '../secret/sources.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { Trigger } from '../schedule/trigger.ts'

/** What a test puts in the place of the machine's clock and chance, and around attempts. */
export interface EngineParts extends Partial<Pick<RunServices, 'clock' | 'random' | 'attempt'>> {
  /** Names the next run. */
  readonly runId?: () => string
  /** What to do about a run that has failed: nobody goes on with one of a test. */
  readonly failureFix?: string
}

/** What the settings of a project say of its pipelines. */
export interface ProjectParts {
  /** The names under which the settings have pipelines. */
  readonly pipelines: readonly string[]
  readonly schedules: readonly Schedule[]
  readonly triggers: readonly Trigger[]
  /** The pipeline behind a name of the settings, or an address relative to the root. */
  readonly pipelineAt: (address: string) => Promise<AnyPipeline>
}

/** The parts that a workspace is made of. */
export interface WorkspaceParts {
  readonly root: string
  /** The folder of the workspace's own files. */
  readonly folder: string
  readonly store: ArtifactStore
  readonly metadata: MetadataStore
  /** Packages whose objects change no result. */
  readonly opaque: readonly string[]
  readonly concurrency: number
  /** How much there is of each resource; memory in bytes. */
  readonly resources: Readonly<Record<string, number>>
  readonly services?: readonly AnyService[]
  readonly runners?: RunnerSettings
  readonly telemetry: Telemetry | undefined
  /** Where secrets come from, in the order in which they are asked. */
  readonly secrets: readonly SecretSource[]
  /** The Python of steps that name none. Default `python3`. */
  readonly python?: PythonEnvironment | undefined
  /** Told while an environment of Python is made. */
  readonly onEnvironment?: (progress: EnvironmentProgress) => void
  readonly engine?: EngineParts
  readonly project?: ProjectParts
  /** Finds the pipeline of a recorded run by the address that was recorded. */
  readonly findPipeline: (detail: RunDetail) => Promise<AnyPipeline>
}
