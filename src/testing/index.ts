/**
 * Tests of steps and of whole pipelines, in memory, on a clock that skips waits.
 *
 * @example
 * ```ts
 * import { fault, testPipeline, testStep } from 'pipewright/testing'
 * ```
 * @module pipewright/testing
 */
export type { TestApproval, TestSignal } from './answers.ts'
export { assertPlan, assertRun, type RunAssertions } from './assert-run.ts'
export type { AnyTestRun, RanExpectation } from './checks.ts'
export { testClock, type TestClock, type TestClockOptions } from './clock.ts'
export {
  exploreCluster,
  type ClusterFailure,
  type Exploration,
  type ExploreClusterOptions,
} from './cluster/explore-cluster.ts'
export type { ClusterCounts } from './cluster/cluster.ts'
export type { ExecutablePlan } from './cluster/random-plan.ts'
export {
  simulateCluster,
  type SimulateClusterOptions,
  type SimulatedCluster,
} from './cluster/simulate-cluster.ts'
export {
  artifactStoreContract,
  type ArtifactStoreContractOptions,
  type ArtifactStoreRule,
} from './contract/artifact-store-contract.ts'
export {
  metadataStoreContract,
  type MetadataStoreContractOptions,
  type MetadataStoreRule,
} from './contract/metadata-store-contract.ts'
export type { RegisterTest } from './contract/register.ts'
export { runnerContract, type RunnerContractOptions, type RunnerRule } from './contract/runner-contract.ts'
export {
  orchestratorContract,
  type ContractBehaviour,
  type OrchestratorContractOptions,
} from './contract/orchestrator-contract.ts'
export type {
  ContractEnd,
  ContractExecution,
  ContractOrchestrator,
  ContractRun,
} from './contract/orchestrator-port.ts'
export {
  workerConformance,
  type WorkerAbility,
  type WorkerConformanceOptions,
} from './contract/worker-conformance.ts'
export type { FakeContext } from './context.ts'
export { fault, storeFault, type Fault, type FaultOptions, type NodeFault, type StoreFault } from './fault.ts'
export type { RunChanges, TestResumeOptions, TestRunOptions, TestWorkspaceOptions } from './options.ts'
export { planSnapshot, type Planned } from './plan-snapshot.ts'
export { replaceStep, type FakeOf, type ReplaceOptions, type Replacement } from './replace-step.ts'
export type { RunLineage } from './run-lineage.ts'
export { testPipeline, type TestPipelineOptions } from './test-pipeline.ts'
export type { TestLog, TestRun } from './test-run.ts'
export type { TestInputs } from './step-inputs.ts'
export { testStep, type TestStepOptions, type TestStepResult } from './test-step.ts'
export { testWorkspace, type TestWorkspace } from './test-workspace.ts'
export type { Answers } from './crash/drive.ts'
export type { Death } from './crash/dying-port.ts'
export { exploreCrashes, type CrashFailure, type CrashOptions, type CrashReport } from './crash/explore.ts'
export { killRuns, type KillOptions, type KillReport } from './crash/kill.ts'
