import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { isPipeline, type AnyPipeline } from '../../define/runnable.ts'
import type { Values } from '../../record/event.ts'
import type { ContractEnd, ContractOrchestrator, ContractRun } from './orchestrator-port.ts'
import type { RegisterTest } from './register.ts'
import { shapes, type Shape } from './shapes.ts'
import { Stage } from './stage.ts'
import { pipelineName, tries, type Variation } from './variations.ts'

/** What an orchestrator must do with each of the graphs of the contract. */
export type ContractBehaviour =
  | 'success'
  | 'retry'
  | 'caught failure'
  | 'timeout'
  | 'resume from the start'
  | 'resume from the middle'
  | 'resume inside a map'
  | 'resume at the end or a join'
  | 'cancel'
  | 'approval'
  | 'cache'
  | 'lineage'

/**
 * What {@link orchestratorContract} takes.
 *
 * @example
 * ```ts
 * orchestratorContract({ create: () => openMyEngine(), test, without: ['cache'] })
 * ```
 */
export interface OrchestratorContractOptions {
  /** Makes an orchestrator for one test, which closes it. */
  readonly create: () => Promise<ContractOrchestrator>
  /** Registers a test: that of vitest, node:test or jest. */
  readonly test: RegisterTest
  /** What has no meaning with this orchestrator. Default: nothing. */
  readonly without?: readonly ContractBehaviour[]
  /**
   * Steps run in other threads or processes of this machine: a test fails when one has run in its own thread. Default: they
   * may run anywhere on this machine.
   */
  readonly elsewhere?: boolean
}

/** What a behaviour is tested with. */
interface Case {
  readonly orchestrator: ContractOrchestrator
  readonly shape: Shape
  readonly stage: Stage
}

/** The pipeline of a graph, found as another process finds it: by its name, among what the module exports. */
async function pipelineOf(shape: Shape, variation: Variation): Promise<AnyPipeline> {
  // Here, since whoever tests something else need not pay for it.
  const pipelines = await import('./programs/shape-pipelines.ts')
  const name = pipelineName(shape, variation)
  return Object.values(pipelines).find((found) => isPipeline(found) && found.name === name) as AnyPipeline
}

/** Starts a run of a graph with the number 1. */
async function started(
  { orchestrator, shape, stage }: Case,
  variation: Exclude<Variation, 'mapped'> = 'patient',
): Promise<ContractRun> {
  return orchestrator.start(await pipelineOf(shape, variation), { start: 1, stage: stage.folder })
}

function succeededWith(end: ContractEnd, outputs: unknown): void {
  deepStrictEqual({ state: end.state, outputs: end.outputs }, { state: 'succeeded', outputs })
}

function attemptsOf(end: ContractEnd, node: string): readonly string[] | undefined {
  return end.executions.find((execution) => execution.node === node)?.attempts
}

/** Goes on with a run that ends in the middle of a node; nothing that had succeeded is executed again. */
async function resumedAt(given: Case, node: string): Promise<void> {
  const { stage, shape } = given
  let run: ContractRun | undefined
  const begun = new Promise<void>((resolve) =>
    stage.hang(node, () => {
      // The node may begin before `start` has given its run.
      queueMicrotask(function interrupt() {
        if (run === undefined) setImmediate(interrupt)
        else {
          run.interrupt()
          resolve()
        }
      })
    }),
  )
  run = await started(given)
  await begun
  await run.resume()
  const end = await run.ended()
  succeededWith(end, { n: shape.n })
  const count = (other: string): number => stage.executed.filter((executed) => executed === other).length
  strictEqual(count(node), 2, `'${node}' was cut off, and is executed again`)
  if (node !== shape.first) strictEqual(count(shape.first), 1, `'${shape.first}' had succeeded, and is not`)
}

const behaviours: Readonly<Record<ContractBehaviour, (given: Case) => Promise<void>>> = {
  async success(given) {
    const { stage, shape } = given
    const end = await (await started(given)).ended()
    succeededWith(end, { n: shape.n })
    strictEqual(new Set(stage.executed).size, stage.executed.length, 'each step is executed once')
    for (const node of [shape.first, shape.middle, shape.last])
      deepStrictEqual(attemptsOf(end, node), ['succeeded'])
  },

  async retry(given) {
    const { stage, shape } = given
    stage.fail(shape.middle, tries - 1)
    const end = await (await started(given)).ended()
    succeededWith(end, { n: shape.n })
    deepStrictEqual(attemptsOf(end, shape.middle), ['failed', 'failed', 'succeeded'])
  },

  async 'caught failure'({ orchestrator, shape, stage }) {
    const node = `each[0]/inner/${shape.middle}`
    stage.fail(node, tries)
    const inputs = { starts: [1, 1], stage: stage.folder }
    const end = await (await orchestrator.start(await pipelineOf(shape, 'mapped'), inputs)).ended()
    succeededWith(end, { all: [shape.n], keys: ['1'] })
    deepStrictEqual(attemptsOf(end, node), ['failed', 'failed', 'failed'])
  },

  async timeout(given) {
    const { stage, shape } = given
    stage.hang(shape.middle)
    const end = await (await started(given, 'brief')).ended()
    strictEqual(end.state, 'failed')
    deepStrictEqual(attemptsOf(end, shape.middle), ['timed-out'])
  },

  'resume from the start': (given) => resumedAt(given, given.shape.first),
  'resume from the middle': (given) => resumedAt(given, given.shape.middle),
  'resume inside a map': (given) => resumedAt(given, given.shape.inMap!),
  'resume at the end or a join': (given) => resumedAt(given, given.shape.last),

  async cancel(given) {
    const { stage, shape } = given
    let run: ContractRun | undefined
    stage.hang(shape.middle, function cancel() {
      if (run === undefined) setImmediate(cancel)
      else run.cancel()
    })
    run = await started(given)
    const cancelled = await run.ended()
    strictEqual(cancelled.state, 'cancelled')
    deepStrictEqual(attemptsOf(cancelled, shape.middle), ['cancelled'])
    await run.resume()
    succeededWith(await run.ended(), { n: shape.n })
  },

  async approval(given) {
    const { stage, shape } = given
    const approved = await started(given, 'approved')
    approved.decide?.('go', true)
    succeededWith(await approved.ended(), { n: shape.n })
    const count = stage.executed.length
    const rejected = await started(given, 'approved')
    rejected.decide?.('go', false)
    strictEqual((await rejected.ended()).state, 'failed')
    strictEqual(stage.executed.length, count, 'nothing runs after a rejection')
  },

  async cache(given) {
    const { stage, shape } = given
    await (await started(given)).ended()
    const count = stage.executed.length
    const end = await (await started(given)).ended()
    succeededWith(end, { n: shape.n })
    strictEqual(stage.executed.length, count, 'the second run executes nothing')
    ok(end.executions.some(({ node, reused }) => node === shape.middle && reused))
  },

  async lineage(given) {
    const end = await (await started(given)).ended()
    const made = new Set(end.executions.flatMap(({ outputs }) => digestsOf(outputs)))
    const read = end.executions.flatMap(({ inputs }) => digestsOf(inputs))
    ok(read.length > 0, 'what nodes have read is recorded')
    deepStrictEqual(
      read.filter((digest) => !made.has(digest)),
      [],
      'what a node has read, another one has made',
    )
  },
}

/** The content of what is stored among some values; of a part, that of the whole. */
function digestsOf(values: Values): string[] {
  return Object.values(values).flatMap((value) => ('artifact' in value ? [value.artifact.digest] : []))
}

/**
 * Registers the tests that every orchestrator must pass: ten graphs (linear, diamond, nested fan-out, branch in map, map
 * in branch, loop, recursion, sub-pipeline, wide, deep) times the behaviours of {@link ContractBehaviour}.
 *
 * A test fails by an `AssertionError`. Of behaviours that have no meaning with an orchestrator, say so by `without`. Steps may
 * run in this thread, or in others and in processes of this machine: a temporary folder tells what they have done.
 *
 * @example
 * ```ts
 * orchestratorContract({ create: () => openMyEngine(), test })
 * ```
 */
export function orchestratorContract({
  create,
  test,
  without = [],
  elsewhere = false,
}: OrchestratorContractOptions): void {
  for (const shape of shapes)
    for (const [name, behave] of Object.entries(behaviours)) {
      if (without.includes(name as ContractBehaviour)) continue
      if (name === 'resume inside a map' && shape.inMap === undefined) continue
      test(`${shape.name}: ${name}`, async () => {
        const orchestrator = await create()
        const stage = new Stage()
        try {
          await behave({ orchestrator, shape, stage })
          if (elsewhere) deepStrictEqual(stage.executedHere, [], 'no step is executed in this thread')
        } finally {
          await orchestrator.close()
          stage.close()
        }
      })
    }
}
