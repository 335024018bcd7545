export type { Artifact, ExternalFile, KindName } from '../artifact/artifact.ts'
export type {
  ArtifactStore,
  Blob,
  BlobReader,
  BlobWriter,
  SharedEntries,
  StoredBlob,
} from '../artifact/blob.ts'
export { directory, type DirectoryHandle } from '../artifact/directory.ts'
export { file, type FileHandle } from '../artifact/file.ts'
export { json, type JsonKind } from '../artifact/json.ts'
export type { DecodeContext, EncodeContext, Kind, KindDeclaration } from '../artifact/kind.ts'
export { list } from '../artifact/list.ts'
export { metrics, type MetricInputs, type MetricValues } from '../artifact/metrics.ts'
export { model } from '../artifact/model.ts'
export type { AnyModel, ModelSignature } from '../artifact/any-model.ts'
export type {
  ForeignFormat,
  ForeignManifest,
  ForeignModel,
  ForeignModelOutput,
} from '../artifact/foreign-model.ts'
export type { AnyPredictor, Model, ModelManifest, Predictor } from '../artifact/predictor.ts'
export { report, type Report, type ReportHandle } from '../artifact/report.ts'
export type { ReportBlock } from '../artifact/report-block.ts'
export type { Schema } from '../artifact/schema.ts'
export type { Stored } from '../artifact/stored.ts'
export { table, type Table } from '../artifact/table.ts'
export type { Checkpoint, Logger, OnceCall, StepContext } from '../define/context.ts'
export type { Binding, Bindings } from '../define/graph.ts'
export {
  definePipeline,
  type DeclaredRefs,
  type InputRefs,
  type PipelineDefinition,
  type ValuesOf,
} from '../define/pipeline.ts'
export { definePredictor, type PredictorDefinition } from '../define/predictor.ts'
export {
  definePythonStep,
  type PythonCode,
  type PythonEnvironment,
  type PythonFunction,
  type PythonPort,
  type PythonStep,
  type PythonStepDefinition,
} from '../define/python-step.ts'
export type { Ref, RefRecord, RefValue } from '../define/ref.ts'
export type { Pipeline, Runnable } from '../define/runnable.ts'
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
} from '../define/scope.ts'
export { secret, type SecretReference, type Secrets } from '../define/secret.ts'
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
} from '../define/spec.ts'
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
} from '../define/step.ts'
export {
  defineService,
  type AnyService,
  type Service,
  type ServiceContext,
  type ServiceDefinition,
  type Services,
} from '../define/service.ts'
export type { Digest } from '../internal/digest.ts'
export type { Duration } from '../internal/duration.ts'
export { PipewrightError, type ErrorOptions } from '../internal/error.ts'
export type { ErrorCode } from '../internal/error-code.ts'
export type { Json, JsonObject } from '../internal/json.ts'
export { check, type CheckContext, type Finding } from '../plan/check.ts'
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
} from '../plan/document.ts'
export type { Given } from '../plan/inputs.ts'
export { plan } from '../plan/plan.ts'
export { render, type RenderFormat } from '../plan/render.ts'
export { select, type Selection } from '../plan/select.ts'
export { graphView, type ViewNode } from '../plan/view.ts'
