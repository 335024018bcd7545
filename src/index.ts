/**
 * Defines pipelines, plans them, and runs them in a workspace.
 *
 * @example
 * ```ts
 * import { definePipeline, defineStep, file, openWorkspace, table } from 'pipewright'
 * ```
 * @module pipewright
 */
export type { Artifact, ExternalFile, KindName } from './artifact/artifact.ts'
export type {
  ArtifactStore,
  Blob,
  BlobReader,
  BlobWriter,
  SharedEntries,
  StoredBlob,
} from './artifact/blob.ts'
export { directory, type DirectoryHandle } from './artifact/directory.ts'
export { file, type FileHandle } from './artifact/file.ts'
export { json, type JsonKind } from './artifact/json.ts'
export type { DecodeContext, EncodeContext, Kind, KindDeclaration } from './artifact/kind.ts'
export { list } from './artifact/list.ts'
export { metrics, type MetricInputs, type MetricValues } from './artifact/metrics.ts'
export { model } from './artifact/model.ts'
export type { AnyModel, ModelSignature } from './artifact/any-model.ts'
export type {
  ForeignFormat,
  ForeignManifest,
  ForeignModel,
  ForeignModelOutput,
} from './artifact/foreign-model.ts'
export type { AnyPredictor, Model, ModelManifest, Predictor } from './artifact/predictor.ts'
export { report, type Report, type ReportHandle } from './artifact/report.ts'
export type { ReportBlock } from './artifact/report-block.ts'
export type { Schema } from './artifact/schema.ts'
export type { Stored } from './artifact/stored.ts'
export { table, type Table } from './artifact/table.ts'
export { defineCommandStep, type CommandStepDefinition } from './command/define-command-step.ts'
export type { ContainerEngine, ContainerOptions } from './command/container/options.ts'
export type { ExitMeaning } from './command/run-command.ts'
export type { CommandPart } from './command/template.ts'
export type { Checkpoint, Logger, OnceCall, StepContext } from './define/context.ts'
export type { Binding, Bindings } from './define/graph.ts'
export {
  definePipeline,
  type DeclaredRefs,
  type InputRefs,
  type PipelineDefinition,
  type ValuesOf,
} from './define/pipeline.ts'
export { definePredictor, type PredictorDefinition } from './define/predictor.ts'
export {
  definePythonStep,
  type PythonCode,
  type PythonEnvironment,
  type PythonFunction,
  type PythonPort,
  type PythonStep,
  type PythonStepDefinition,
} from './define/python-step.ts'
export type { Ref, RefRecord, RefValue } from './define/ref.ts'
export type { Pipeline, Runnable } from './define/runnable.ts'
export type {
  Approval,
  ApproveOptions,
  Chosen,
  Either,
  FailedItem,
  Gathered,
  HandlerScope,
  Looped,
  LoopOptions,
  LoopRound,
  MapOptions,
  Maybe,
  NodeHandle,
  NodeOptions,
  Outcome,
  PipelineScope,
  RecurseOptions,
  Refs,
  Scope,
  Signalled,
  SignalOptions,
  Wire,
  Wiring,
} from './define/scope.ts'
export { secret, type SecretReference, type Secrets } from './define/secret.ts'
export type {
  InputsOf,
  Kinds,
  OutputsOf,
  Received,
  ReceivedOf,
  Returned,
  ReturnedOf,
  Spec,
  Specs,
  Wired,
} from './define/spec.ts'
export {
  defineStep,
  type Resources,
  type RetryPolicy,
  type RunnerName,
  type Step,
  type StepDefinition,
  type StepFunction,
  type CachePolicy,
  type StepOptions,
  type Undo,
} from './define/step.ts'
export {
  defineService,
  type AnyService,
  type Service,
  type ServiceContext,
  type ServiceDefinition,
  type Services,
} from './define/service.ts'
export type { LogLevel } from './execute/context.ts'
export type { LiveEvent, RunUpdate } from './execute/run-request.ts'
export type { Claims, Lease, MetadataStore, NewEvent } from './record/metadata.ts'
export type { FiringState, TriggerStore } from './record/trigger.ts'
export type { Digest } from './internal/digest.ts'
export type { Duration } from './internal/duration.ts'
export type { Explanation, KeyChange } from './lineage/explain.ts'
export type { NodePreview } from './lineage/preview.ts'
export { renderExplanation } from './lineage/render-explain.ts'
export { renderPreview } from './lineage/render-preview.ts'
export { renderWhy } from './lineage/render-why.ts'
export { PipewrightError, type ErrorOptions } from './internal/error.ts'
export type { ErrorCode } from './internal/error-code.ts'
export type { Json, JsonObject } from './internal/json.ts'
export { check, type CheckContext, type Finding } from './plan/check.ts'
export type {
  InputDeclaration,
  Plan,
  PlanApprove,
  PlanChoose,
  PlanHandler,
  PlanLoop,
  PlanMap,
  PlanNode,
  PlanPipeline,
  PlanRecurse,
  PlanScope,
  PlanSignal,
  PlanSleep,
  PlanStep,
  PlanUntil,
  PlanWait,
  PlanWhen,
  RecursivePipeline,
  RetryDeclaration,
  StepDeclaration,
} from './plan/document.ts'
export type { Given } from './plan/inputs.ts'
export { plan } from './plan/plan.ts'
export { render, type RenderFormat } from './plan/render.ts'
export { select, type Selection } from './plan/select.ts'
export { graphView, type ViewNode } from './plan/view.ts'
export type { CatchUp } from './schedule/due.ts'
export type { Overlap } from './schedule/overlap.ts'
export { schedule, type Schedule, type ScheduleOptions } from './schedule/schedule.ts'
export { signCall, type SignedCall } from './schedule/signature.ts'
export {
  trigger,
  type ArtifactEvent,
  type ArtifactSource,
  type CallEvent,
  type CallSource,
  type EventOf,
  type FileEvent,
  type FilesSource,
  type ModelEvent,
  type ModelSource,
  type RunEndEvent,
  type RunSource,
  type Trigger,
  type TriggerOptions,
  type TriggerSource,
} from './schedule/trigger.ts'
export {
  defineSecretProvider,
  type DefinedSecretProvider,
  type SecretProvider,
  type SecretProviderDefinition,
  type SecretRequest,
} from './secret/provider.ts'
export type { SecretCommand, SecretFile, SecretFolder, SecretSource } from './secret/sources.ts'
export { renderRun } from './ui/run-tree.ts'
export type {
  ProcessSettings,
  RunnerRule,
  RunnerSettings,
  ThreadSettings,
} from './execute/runner-settings.ts'
export { defineConfig, type Settings, type StoreFolder } from './workspace/settings.ts'
export {
  approvalHandler,
  approvalLink,
  type ApprovalLinkOptions,
  type ApprovalLinkSettings,
} from './workspace/approval-link.ts'
export type { ApprovalOptions, DecisionOptions, WaitingNode } from './workspace/decisions.ts'
export type { OverdueWork } from './workspace/drive/automation.ts'
export type { BackfillOptions, BackfillProgress, BackfillReport } from './workspace/drive/backfill.ts'
export type { DriveEvent } from './workspace/drive/drive-event.ts'
export type { DriveOptions } from './workspace/drive/driver.ts'
export type { FiredRecord, StoredSchedule, StoredTrigger } from './workspace/drive/stored-schedule.ts'
export { RunFailedError, type RunFailure } from './workspace/run-error.ts'
export type { HermeticReport, UndeclaredUse, WatchedStep } from './workspace/hermetic/report.ts'
export type { RunHandle, RunResult } from './workspace/handle.ts'
export type { EventOptions, SeenEvent } from './workspace/run-events.ts'
export type {
  AttemptRecord,
  ExecutionRecord,
  NodeState,
  Page,
  RunDetail,
  RunQuery,
  RunRecord,
  RunState,
} from './record/records.ts'
export type { UndoneEffect } from './record/undone.ts'
export type { Mismatch, RunVerification } from './record/verification.ts'
export type { BundleReport, ImportReport } from './workspace/bundle.ts'
export type { LogOptions } from './workspace/logs.ts'
export type { LogLine } from './workspace/segment.ts'
export { openWorkspace } from './workspace/open.ts'
export type { CloneOptions, RerunOptions } from './workspace/rerun.ts'
export type { RepeatedStep, RepeatOptions } from './workspace/step-again.ts'
export type { PreviewOptions, ResumeOptions, RunOptions } from './workspace/run-options.ts'
export type { EnvironmentProgress } from './python/environment/environment-progress.ts'
export type { MadeEnvironment } from './python/environment/old-environments.ts'
export type { Workspace, WorkspacePlan } from './workspace/workspace.ts'
export type { GarbageOptions, GarbageReport } from './workspace/garbage.ts'
