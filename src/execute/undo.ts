import { PipewrightError } from '../internal/error.ts'
import { own } from '../internal/own.ts'
import type { Kind } from '../artifact/kind.ts'
import type { AnyStep } from '../define/step.ts'
import type { StepContext } from '../define/context.ts'
import type { StepDeclaration } from '../plan/document.ts'
import type { RunEvent, Values } from '../record/event.ts'
import type { ExecutionRecord } from '../record/records.ts'
import type { AttemptOutcome } from './attempt.ts'
import { errorRecord } from './error-record.ts'
import type { Tried } from './remake-host.ts'
import { retryDelay } from './retry.ts'
import { isFatal } from './run-errors.ts'

/** What taking effects back needs of the run. */
export interface UndoHost {
  readonly runId: string
  /** The step of a node and what the plan says of it. */
  stepAt(node: string): { readonly step: AnyStep; readonly declaration: StepDeclaration }
  /** What is recorded of a node. */
  executionAt(node: string): Promise<ExecutionRecord | undefined>
  idempotencyKey(node: string): string
  /** Runs one attempt. */
  run(node: string, work: Tried, attempt: number, now: number): Promise<AttemptOutcome>
  now(): number
  random(): number
  sleep(ms: number): Promise<void>
  append(event: RunEvent): Promise<void>
}

/** A step that runs the `undo` of another one: it is given what that was given, and what it returned. */
function undoing(step: AnyStep): AnyStep {
  const { undo } = step.options
  const inputs: Record<string, Kind<unknown, never>> = {}
  for (const [name, kind] of Object.entries(step.inputs)) inputs[`given.${name}`] = kind
  for (const [name, kind] of Object.entries(step.outputs)) inputs[`made.${name}`] = kind
  const part = (all: Readonly<Record<string, unknown>>, prefix: string): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) =>
        name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
      ),
    )
  return {
    ...step,
    inputs,
    outputs: {},
    optional: new Set([...step.optional].map((name) => `given.${name}`)),
    run: async (all: Readonly<Record<string, unknown>>, context: StepContext) => {
      await (undo as (given: unknown, made: unknown, context: StepContext) => unknown)(
        part(all, 'given.'),
        part(all, 'made.'),
        context,
      )
    },
  } as AnyStep
}

/**
 * Takes an effect back, with as many tries as its step has: what goes wrong is recorded with the node, and given. What
 * was begun by a process that is gone is begun again: an undo, like the effect, may happen more than once, with the same
 * idempotency key.
 */
export async function undoNode(node: string, host: UndoHost): Promise<unknown> {
  const { step, declaration } = host.stepAt(node)
  const record = await host.executionAt(node)
  await host.append({ type: 'undo.started', node })
  const error = await tried(node, step, declaration, record, host)
  await host.append({
    type: 'node.undone',
    node,
    ...(error === undefined ? {} : { error: errorRecord(error) }),
  })
  return error
}

async function tried(
  node: string,
  step: AnyStep,
  declaration: StepDeclaration,
  record: ExecutionRecord | undefined,
  host: UndoHost,
): Promise<unknown> {
  const values: Record<string, Values[string]> = {}
  for (const name in step.inputs)
    values[`given.${name}`] = own(record?.inputs ?? {}, name) ?? { absent: true }
  for (const name in step.outputs)
    values[`made.${name}`] = own(record?.outputs ?? {}, name) ?? { absent: true }
  const key = host.idempotencyKey(node)
  const work: Tried = {
    step: undoing(step),
    declaration: { ...declaration, inputs: {}, outputs: {} },
    values,
    seed: key,
    idempotencyKey: key,
  }
  const first = (record?.attempts.length ?? 0) + 1
  for (let used = 1; ; used++) {
    const outcome = await host.run(node, work, first + used - 1, host.now())
    if (outcome.ok) return undefined
    if (isFatal(outcome.error)) throw outcome.error
    const delay = outcome.retryable ? retryDelay(declaration.retry, used, host.random()) : undefined
    if (delay === undefined) {
      return new PipewrightError('UNDO_FAILED', `the effect of '${node}' could not be taken back`, {
        fix: 'take it back by hand: its inputs and outputs are in the record',
        details: { node, run: host.runId },
        cause: outcome.error,
      })
    }
    await host.sleep(delay)
  }
}
