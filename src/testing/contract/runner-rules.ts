import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict'
import type { Pipeline } from '../../define/runnable.ts'
import type { RunUpdate } from '../../execute/run-request.ts'
import type { ExecutionRecord } from '../../record/records.ts'
import { RunFailedError } from '../../workspace/run-error.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { failing, late, placed, reporting, trying, values, waiting } from './programs/runner-pipelines.ts'
import type { Rules } from './register.ts'

/** What the rules are tried on: the same pipelines in both. */
export interface RunnerCase {
  readonly tested: Workspace
  readonly inline: Workspace
  close(): Promise<void>
}

/** What became of a run, as far as it must be the same wherever its steps ran. */
interface Told {
  readonly outputs: unknown
  readonly executions: readonly ExecutionRecord[]
  readonly updates: readonly RunUpdate['event'][]
}

const big = Array.from({ length: 3_000 }, (_, at) => at)

async function told<In, Out>(pw: Workspace, pipeline: Pipeline<In, Out>, inputs: object): Promise<Told> {
  const updates: RunUpdate['event'][] = []
  const onUpdate = ({ event }: RunUpdate): void => void updates.push(event)
  const { outputs, run } = await pw.run(pipeline, inputs as never, { onUpdate })
  const { executions } = await pw.show(run.id)
  return { outputs, executions, updates }
}

async function failureOf<In, Out>(
  pw: Workspace,
  pipeline: Pipeline<In, Out>,
  inputs: object,
): Promise<{ readonly error: Error & { code?: string }; readonly executions: readonly ExecutionRecord[] }> {
  const thrown: unknown = await pw.run(pipeline, inputs as never).catch((error: unknown) => error)
  ok(thrown instanceof RunFailedError, `the run fails, and throws ${String(thrown)}`)
  const { executions } = await pw.show(thrown.run)
  return { error: thrown.failures[0]!.cause as Error, executions }
}

/** The values and keys of a run's executions. */
function made({ executions }: Told): unknown {
  return executions.map(({ node, key, inputs, outputs }) => ({ node, key, inputs, outputs }))
}

function reportedBy({ updates }: Told): unknown[] {
  const kinds = new Set(['attempt.log', 'attempt.metric', 'attempt.progress'])
  return updates.filter(({ type }) => kinds.has(type))
}

/** What is asked of every runner, by the name of the test. */
export const runnerRules = {
  async 'values of each kind are those of a run inline, with the same digests and keys'({ tested, inline }) {
    const inputs = { n: 400, big }
    const [here, there] = [await told(inline, values, inputs), await told(tested, values, inputs)]
    deepStrictEqual(there.outputs, here.outputs)
    deepStrictEqual(made(there), made(here))
  },

  async 'what was made before is a hit'({ tested }) {
    const inputs = { n: 20, big: [1] }
    await told(tested, values, inputs)
    const { executions } = await told(tested, values, inputs)
    deepStrictEqual(
      executions.map(({ reused }) => reused !== null),
      [true, true],
    )
  },

  async 'logs, metrics and progress are told in their order'({ tested, inline }) {
    const [here, there] = [await told(inline, reporting, { n: 3 }), await told(tested, reporting, { n: 3 })]
    deepStrictEqual(reportedBy(there), reportedBy(here))
  },

  async 'metrics, parameters and drawn numbers are recorded alike'({ tested, inline }) {
    const facts = ({ outputs, executions }: Told): unknown => ({
      outputs,
      recorded: executions.map(({ metrics, params }) => ({ metrics, params })),
    })
    deepStrictEqual(
      facts(await told(tested, reporting, { n: 4 })),
      facts(await told(inline, reporting, { n: 4 })),
    )
  },

  async 'log lines can be read again'({ tested, inline }) {
    const lines = async (pw: Workspace): Promise<unknown[]> => {
      const { run } = await pw.run(reporting, { n: 1 })
      const found: unknown[] = []
      for await (const { level, message, fields } of pw.logs(run.id)) found.push({ level, message, fields })
      return found
    }
    deepStrictEqual(await lines(tested), await lines(inline))
  },

  async 'a step knows its place, and is not cached for it'({ tested }) {
    const { outputs, executions } = await told(tested, placed, {})
    deepStrictEqual(outputs, { node: 'here', attempt: 1, pipeline: 'placed', isKeyed: true })
    match(executions[0]!.uncached ?? '', /ctx\.node/)
  },

  async 'tries again, with calls made once and the latest checkpoint'({ tested }) {
    const { outputs, executions } = await told(tested, trying, { until: 3 })
    deepStrictEqual(outputs, { attempt: 3, calls: [10, 11], restored: { attempt: 2 } })
    deepStrictEqual(
      executions[0]!.attempts.map(({ end }) => end),
      ['failed', 'failed', 'succeeded'],
    )
  },

  async 'an error keeps its name, message, code, place and cause'({ tested, inline }) {
    const [here, there] = [
      await failureOf(inline, trying, { until: 9 }),
      await failureOf(tested, trying, { until: 9 }),
    ]
    for (const { error } of [here, there]) {
      strictEqual(error.name, 'OddError')
      strictEqual(error.message, 'try 3')
      strictEqual(error.code, 'E_ODD')
      match(error.stack ?? '', /runner-pipelines\.[jt]s:\d+/)
      strictEqual((error.cause as Error).name, 'RangeError')
      strictEqual((error.cause as Error).message, 'because')
    }
    deepStrictEqual(
      there.executions[0]!.attempts.map(({ end }) => end),
      ['failed', 'failed', 'failed'],
    )
  },

  async 'what a step says of its errors decides'({ tested }) {
    const { error, executions } = await failureOf(tested, failing, { how: 'type' })
    strictEqual(error.name, 'TypeError')
    strictEqual(executions[0]!.attempts.length, 1)
  },

  async 'outputs that do not fit are refused with the same words'({ tested, inline }) {
    for (const how of ['output', 'value'] as const) {
      const [here, there] = [
        await failureOf(inline, failing, { how }),
        await failureOf(tested, failing, { how }),
      ]
      strictEqual(there.error.message, here.error.message)
      strictEqual(there.error.code, here.error.code)
      strictEqual(there.executions[0]!.attempts.length, 1)
    }
  },

  async 'a step past its time is told, and has timed out'({ tested }) {
    const { error, executions } = await failureOf(tested, late, {})
    strictEqual(error.code, 'STEP_TIMEOUT')
    strictEqual(executions[0]!.attempts[0]!.end, 'timed-out')
  },

  async 'a cancelled step is told why'({ tested }) {
    const handle = await tested.start(waiting, {})
    for await (const { event } of handle.events()) if (event.type === 'attempt.progress') break
    handle.cancel('enough')
    const error: unknown = await handle.result().catch((thrown: unknown) => thrown)
    strictEqual((error as { code?: string }).code, 'RUN_CANCELLED')
    const { executions } = await tested.show(handle.id)
    strictEqual(executions[0]!.state, 'cancelled')
    match(executions[0]!.attempts[0]!.error?.message ?? '', /enough/)
  },
} as const satisfies Rules<RunnerCase>
