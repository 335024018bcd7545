import { join } from 'node:path'
import { tmpdir } from 'node:os'
import type { ContractEnd, ContractOrchestrator, ContractRun } from 'pipewright/testing'
import type { AnyPipeline } from '../../src/define/runnable.ts'
import type { AnyStep } from '../../src/define/step.ts'
import { attemptStep, type AttemptServices } from '../../src/execute/attempt.ts'
import { TieredReader } from '../../src/execute/blobs.ts'
import { JsonValues } from '../../src/execute/json-values.ts'
import { PassingMemory } from '../../src/execute/memory.ts'
import { inlineRunner } from '../../src/execute/runner.ts'
import { sha256 } from '../../src/internal/digest.ts'
import { checkInputs } from '../../src/plan/inputs.ts'
import { planPath } from '../../src/plan/node-path.ts'
import { locate } from '../../src/plan/locate.ts'
import { compilePipeline } from '../../src/plan/plan.ts'
import type { StoredEvent, Values } from '../../src/record/event.ts'
import { WorkspaceSecrets } from '../../src/secret/workspace-secrets.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { runInCluster, type ClusterControls, type ClusterHistory } from '../../src/testing/cluster/cluster.ts'
import { statesOf } from '../../src/testing/cluster/invariants.ts'
import type { ClusterProgram } from '../../src/testing/cluster/run-replica.ts'
import type { ClusterWork, WorkRequest, WorkResult } from '../../src/testing/cluster/work.ts'
import { continuePolicy } from '../execute/simulate.ts'

/** So many turns of the event loop without an end, and a step counts as one that hangs: those of the contract do no I/O. */
const quietTurns = 100

/** Runs real steps in a simulated cluster in which nothing goes wrong but what a test lets go wrong. */
export function clusterOrchestrator(): ContractOrchestrator {
  return {
    start: (pipeline, inputs) => Promise.resolve(new ClusterContractRun(pipeline, inputs)),
    close: () => Promise.resolve(),
  }
}

class ClusterContractRun implements ContractRun {
  readonly #store = memoryStore()
  readonly #program: ClusterProgram
  readonly #steps: ReadonlyMap<string, AnyStep>
  readonly #decisions = new Map<string, boolean>()
  #controls: ClusterControls | undefined
  #history: Promise<ClusterHistory>

  constructor(pipeline: AnyPipeline, inputs: Readonly<Record<string, unknown>>) {
    const { structure, compiler } = compilePipeline(pipeline)
    const given = checkInputs(pipeline, inputs)
    const values = Object.entries(given).map(([name, value]) => [name, { value }])
    this.#program = {
      plan: structure,
      pipelines: compiler.pipelines,
      inputs: Object.fromEntries(values) as Values,
    }
    this.#steps = new Map([...compiler.keys].map(([step, key]) => [key, step]))
    this.#history = this.#run([])
  }

  interrupt(): void {
    this.#controls!.crash()
  }

  cancel(): void {
    this.#controls!.cancel()
  }

  decide(node: string, approved: boolean): void {
    this.#decisions.set(node, approved)
  }

  /** What has crashed is started again by itself; what has ended goes on from its log. */
  async resume(): Promise<void> {
    const { events, end } = await this.#history
    if (end === undefined || end.state === 'succeeded') return
    const resumed = { type: 'run.resumed', acceptedCode: [], code: {} } as const
    this.#history = this.#run([...events, { seq: events.length + 1, run: 'run', at: 0, event: resumed }])
  }

  async ended(): Promise<ContractEnd> {
    const { end, events, violations } = await this.#history
    if (end === undefined || violations.length > 0) throw new Error(violations.join('\n'))
    const states = statesOf(events)
    const data = Object.entries(end.outputs).map(([name, value]) => [
      name,
      'value' in value ? value.value : undefined,
    ])
    return {
      state: end.state,
      outputs: end.state === 'succeeded' ? Object.fromEntries(data) : undefined,
      executions: [...states].map(([node, state]) => {
        const own = events.flatMap(({ event }) => ('node' in event && event.node === node ? [event] : []))
        const success = own.find(({ type }) => type === 'node.succeeded')
        const { inputs = {}, outputs = {} } = success?.type === 'node.succeeded' ? success : {}
        const attempts = own.flatMap((event) => {
          if (event.type === 'attempt.failed') return [event.end]
          return event.type === 'node.succeeded' && event.attempt > 0 ? ['succeeded'] : []
        })
        return { node, state, attempts, reused: false, inputs, outputs }
      }),
    }
  }

  /** Begins in another turn: a test may say before what is to be decided. */
  async #run(events: readonly StoredEvent[]): Promise<ClusterHistory> {
    await new Promise((resolve) => setImmediate(resolve))
    return runInCluster({
      program: this.#program,
      policy: continuePolicy,
      store: this.#store,
      work: this.#work(),
      draw: () => 0,
      events,
      onOpen: (controls) => (this.#controls = controls),
    })
  }

  #work(): ClusterWork {
    const store = this.#store
    const reader = new TieredReader(
      { blob: () => Promise.resolve(undefined), dropBlob: () => Promise.resolve() },
      store,
    )
    const services: AttemptServices = {
      root: join(tmpdir(), 'pipewright-cluster'),
      project: process.cwd(),
      store,
      reader,
      json: new JsonValues(reader),
      runner: inlineRunner,
      // The cluster judges how long a step takes, by its own clock.
      clock: { now: () => 0, after: () => () => undefined, during: (work) => work },
      ports: {},
      serviceOf: () => Promise.reject(new Error('there are no services')),
      predictorDigest: (predictor) => Promise.resolve(sha256(String(predictor.predict))),
      secrets: new WorkspaceSecrets([]),
    }
    return {
      execute: (request) => Promise.race([this.#attempt(request, services), quiet()]),
      decide: (node) => (this.#decisions.get(node) === true ? { approved: { value: true } } : undefined),
    }
  }

  async #attempt(
    { node, declaration, values, attempt, signal }: WorkRequest,
    services: AttemptServices,
  ): Promise<WorkResult> {
    const planned = locate(this.#program.plan, planPath(node))!.node
    if (planned.type !== 'step') throw new Error(`'${node}' is no step`)
    const outcome = await attemptStep(
      {
        run: { id: 'run', pipeline: this.#program.plan.pipeline },
        node,
        fileName: 'step',
        step: this.#steps.get(planned.step)!,
        declaration,
        values,
        attempt,
        startedAt: 0,
        idempotencyKey: node,
        seed: node,
        memory: new PassingMemory(),
        signal,
        onProgress: () => undefined,
        onLog: () => undefined,
      },
      services,
    )
    if (!outcome.ok) return { ok: false, retryable: outcome.retryable }
    for (const { bytes } of outcome.blobs) await services.store.put(bytes)
    return { ok: true, outputs: outcome.outputs }
  }
}

async function quiet(): Promise<undefined> {
  for (let turn = 0; turn < quietTurns; turn++) await new Promise((resolve) => setImmediate(resolve))
}
