import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { z } from 'zod'
import { definePipeline } from '../../define/pipeline.ts'
import type { AnyPipeline } from '../../define/runnable.ts'
import type { Values } from '../../record/event.ts'
import type { ContractEnd, ContractOrchestrator, ContractRun } from './orchestrator-port.ts'
import type { RegisterTest } from './register.ts'
import { shapes, type Shape } from './shapes.ts'
import { Stage, type StageOptions } from './stage.ts'

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
}

/** What a behaviour is tested with. */
interface Case {
  readonly orchestrator: ContractOrchestrator
  readonly shape: Shape
}

const start = { start: 1 }

function prepare(
  { shape }: Case,
  options?: StageOptions,
): { readonly stage: Stage; readonly pipeline: AnyPipeline } {
  const stage = new Stage(options)
  return { stage, pipeline: shape.build(stage) }
}

function succeededWith(end: ContractEnd, outputs: unknown): void {
  deepStrictEqual({ state: end.state, outputs: end.outputs }, { state: 'succeeded', outputs })
}

function attemptsOf(end: ContractEnd, node: string): readonly string[] | undefined {
  return end.executions.find((execution) => execution.node === node)?.attempts
}

/** Goes on with a run that ends in the middle of a node; nothing that had succeeded is executed again. */
async function resumedAt(given: Case, node: string): Promise<void> {
  const { stage, pipeline } = prepare(given)
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
  run = await given.orchestrator.start(pipeline, start)
  await begun
  await run.resume()
  const end = await run.ended()
  succeededWith(end, { n: given.shape.n })
  const count = (other: string): number => stage.executed.filter((executed) => executed === other).length
  strictEqual(count(node), 2, `'${node}' was cut off, and is executed again`)
  if (node !== given.shape.first)
    strictEqual(count(given.shape.first), 1, `'${given.shape.first}' had succeeded, and is not`)
}

const behaviours: Readonly<Record<ContractBehaviour, (given: Case) => Promise<void>>> = {
  async success(given) {
    const { stage, pipeline } = prepare(given)
    const end = await (await given.orchestrator.start(pipeline, start)).ended()
    succeededWith(end, { n: given.shape.n })
    strictEqual(new Set(stage.executed).size, stage.executed.length, 'each step is executed once')
    for (const node of [given.shape.first, given.shape.middle, given.shape.last])
      deepStrictEqual(attemptsOf(end, node), ['succeeded'])
  },

  async retry(given) {
    const { stage, pipeline } = prepare(given, { attempts: 3 })
    stage.fail(given.shape.middle, 2)
    const end = await (await given.orchestrator.start(pipeline, start)).ended()
    succeededWith(end, { n: given.shape.n })
    deepStrictEqual(attemptsOf(end, given.shape.middle), ['failed', 'failed', 'succeeded'])
  },

  async 'caught failure'(given) {
    const { stage, pipeline } = prepare(given)
    const careful = definePipeline(
      { name: 'careful', inputs: { starts: z.array(z.number()) } },
      (p, { starts }) => {
        const each = p.map(
          starts,
          (item, q) => ({
            n: q.step(pipeline as ReturnType<Shape['build']>, { start: item }, { id: 'inner' }).n,
          }),
          { id: 'each', maxFailed: 1 },
        )
        return { all: each.n, keys: each.keys }
      },
    )
    stage.fail(`each[0]/inner/${given.shape.middle}`, 1)
    const end = await (await given.orchestrator.start(careful as AnyPipeline, { starts: [1, 1] })).ended()
    succeededWith(end, { all: [given.shape.n], keys: ['1'] })
    deepStrictEqual(attemptsOf(end, `each[0]/inner/${given.shape.middle}`), ['failed'])
  },

  async timeout(given) {
    const { stage, pipeline } = prepare(given, { timeout: '300ms' })
    stage.hang(given.shape.middle)
    const end = await (await given.orchestrator.start(pipeline, start)).ended()
    strictEqual(end.state, 'failed')
    deepStrictEqual(attemptsOf(end, given.shape.middle), ['timed-out'])
  },

  'resume from the start': (given) => resumedAt(given, given.shape.first),
  'resume from the middle': (given) => resumedAt(given, given.shape.middle),
  'resume inside a map': (given) => resumedAt(given, given.shape.inMap!),
  'resume at the end or a join': (given) => resumedAt(given, given.shape.last),

  async cancel(given) {
    const { stage, pipeline } = prepare(given)
    let run: ContractRun | undefined
    stage.hang(given.shape.middle, function cancel() {
      if (run === undefined) setImmediate(cancel)
      else run.cancel()
    })
    run = await given.orchestrator.start(pipeline, start)
    const cancelled = await run.ended()
    strictEqual(cancelled.state, 'cancelled')
    deepStrictEqual(attemptsOf(cancelled, given.shape.middle), ['cancelled'])
    await run.resume()
    succeededWith(await run.ended(), { n: given.shape.n })
  },

  async approval(given) {
    const { stage, pipeline } = prepare(given)
    const careful = definePipeline({ name: 'asks', inputs: { start: z.number() } }, (p, input) => {
      const go = p.approve({ id: 'go' })
      const inner = pipeline as ReturnType<Shape['build']>
      return { n: p.step(inner, { start: input.start }, { id: 'inner', after: [go] }).n }
    })
    const approved = await given.orchestrator.start(careful as AnyPipeline, start)
    approved.decide?.('go', true)
    succeededWith(await approved.ended(), { n: given.shape.n })
    const count = stage.executed.length
    const rejected = await given.orchestrator.start(careful as AnyPipeline, start)
    rejected.decide?.('go', false)
    strictEqual((await rejected.ended()).state, 'failed')
    strictEqual(stage.executed.length, count, 'nothing runs after a rejection')
  },

  async cache(given) {
    const { stage, pipeline } = prepare(given)
    await (await given.orchestrator.start(pipeline, start)).ended()
    stage.executed.length = 0
    const end = await (await given.orchestrator.start(pipeline, start)).ended()
    succeededWith(end, { n: given.shape.n })
    deepStrictEqual(stage.executed, [])
    ok(end.executions.some(({ node, reused }) => node === given.shape.middle && reused))
  },

  async lineage(given) {
    const { pipeline } = prepare(given)
    const end = await (await given.orchestrator.start(pipeline, start)).ended()
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
 * A test fails by an `AssertionError`. Of behaviours that have no meaning with an orchestrator, say so by `without`.
 *
 * @example
 * ```ts
 * orchestratorContract({ create: () => openMyEngine(), test })
 * ```
 */
export function orchestratorContract({ create, test, without = [] }: OrchestratorContractOptions): void {
  for (const shape of shapes)
    for (const [name, behave] of Object.entries(behaviours)) {
      if (without.includes(name as ContractBehaviour)) continue
      if (name === 'resume inside a map' && shape.inMap === undefined) continue
      test(`${shape.name}: ${name}`, async () => {
        const orchestrator = await create()
        try {
          await behave({ orchestrator, shape })
        } finally {
          await orchestrator.close()
        }
      })
    }
}
