import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import type { LostBlob, Values } from '../record/event.ts'
import type { ExecutionRecord } from '../record/records.ts'
import type { AttemptOutcome } from './attempt.ts'
import { cacheKey, inputDigests, keyComponents } from './cache-key.ts'
import { errorRecord } from './error-record.ts'
import { escalated } from './escalation.ts'
import { inSlot } from './in-slot.ts'
import { failedAgain, otherContent, type Refusal } from './lost-errors.ts'
import { lostBlob } from './lost.ts'
import { originalStart } from './original-start.ts'
import type { RemakeHost, Tried } from './remake-host.ts'
import { retryDelay } from './retry.ts'
import type { RunRequest, RunServices } from './run-request.ts'
import { idempotencyKey, plannedStep, uncachedReason, type Work } from './step-work.ts'
import { unshared } from './unshared.ts'

/** What is kept of outputs that were made again: the key of their entry, unless the step has read its execution. */
type Keeping = Pick<Work, 'key' | 'policy'>

/** Executes steps again that had succeeded. */
export class Remake {
  readonly #request: RunRequest
  readonly #services: RunServices
  readonly #host: RemakeHost

  constructor(request: RunRequest, services: RunServices, host: RemakeHost) {
    this.#request = request
    this.#services = services
    this.#host = host
  }

  /**
   * Executes the step of a recorded execution on the same inputs, under its own retry policy, and records what it
   * gives if that is of the same content; else says why not. `mend` has lost inputs made again.
   */
  async step(
    execution: ExecutionRecord,
    values: () => Values,
    lost: LostBlob,
    mend: (error: unknown) => Promise<void>,
  ): Promise<Refusal | undefined> {
    const host = this.#host
    const { node } = execution
    const { work, needs, ...keeping } = await this.#work(execution, values, mend)
    const retry = work.declaration.retry
    const { metadata } = this.#services
    const now = (await originalStart(metadata, execution)) ?? execution.startedAt
    // What is refused is recorded nowhere.
    const services = unshared(this.#services)
    let attempt = execution.attempts.reduce((most, { number }) => Math.max(most, number), 0)
    for (let used = 0; ;) {
      const number = ++attempt
      let startedAt = this.#services.clock.now()
      const run = (): Promise<AttemptOutcome> => {
        startedAt = this.#services.clock.now()
        // What it reads may have been made again in other bytes.
        return host.run(node, { ...work, values: values() }, number, now, services)
      }
      const outcome = await inSlot({ queue: host.queue, resources: host.resources }, needs, host.signal, run)
      host.signal.throwIfAborted()
      if (outcome.ok)
        return this.#keep(execution, work, outcome, { ...keeping, number, startedAt, now, lost })
      const { end, error, log, facts, blobs } = outcome
      const isMissing = lostBlob(error) !== undefined
      if (isMissing) await mend(error)
      else used++
      const retryIn = isMissing
        ? 0
        : outcome.retryable
          ? retryDelay(retry, used, this.#services.random())
          : undefined
      await host.append(
        {
          type: 'attempt.failed',
          node,
          attempt: number,
          end: isMissing ? 'lost-input' : end,
          error: errorRecord(error, this.#services.project),
          ...(retryIn === undefined ? {} : { retryIn }),
          ...(log === undefined ? {} : { log }),
          ...(facts === undefined ? {} : { facts }),
        },
        blobs,
      )
      if (retryIn === undefined) return failedAgain(error)
      await host.sleep(retryIn)
    }
  }

  async #work(
    execution: ExecutionRecord,
    values: () => Values,
    mend: (error: unknown) => Promise<void>,
  ): Promise<{ work: Tried; needs: Work['needs'] } & Keeping> {
    const { node } = execution
    const { plan, program, settings, id } = this.#request
    const planned = plannedStep(this.#host.plannedNode(node), node)
    const step = program.steps.get(planned.step)!
    const declaration = plan.steps[planned.step]!
    const digests = await this.#digests(values, step, mend)
    const code = program.code.get(planned.step)
    const policy = planned.cache ?? declaration.cache
    const uncached = uncachedReason(declaration, policy, settings.cache, code)
    const isCached = uncached === undefined && settings.cache !== 'readonly' && code?.cacheable === true
    const fingerprint = execution.fingerprint ?? undefined
    const today = isCached ? cacheKey(keyComponents(declaration, code.digest, digests, fingerprint)) : null
    return {
      work: {
        step,
        declaration,
        values: values(),
        seed: execution.key ?? sha256(canonicalJson({ step: step.name, inputs: digests })),
        key: today,
        idempotencyKey: idempotencyKey(id, node, declaration, digests),
      },
      // Other code than that of the run's start makes no entry in its name.
      key: today === execution.key ? today : null,
      policy,
      needs: this.#services.resources.needs(escalated(declaration, 0), step.name),
    }
  }

  async #digests(
    values: () => Values,
    step: Tried['step'],
    mend: (error: unknown) => Promise<void>,
  ): Promise<Readonly<Record<string, string>>> {
    for (;;) {
      try {
        return await inputDigests(values(), step.inputs, this.#services.json)
      } catch (error) {
        await mend(error)
      }
    }
  }

  async #keep(
    { node, outputs: recorded }: ExecutionRecord,
    { step }: Tried,
    { outputs, facts, volatile, uncached, blobs }: AttemptOutcome & { readonly ok: true },
    made: Keeping & { number: number; startedAt: number; now: number; lost: LostBlob },
  ): Promise<Refusal | undefined> {
    const refusal = otherContent(`step '${step.name}'`, recorded, outputs)
    if (refusal !== undefined) return refusal
    const { number: attempt, startedAt, now, lost } = made
    const isVolatile = volatile.length > 0 && made.policy === undefined
    const key = isVolatile || uncached !== undefined ? null : made.key
    await this.#host.append(
      { type: 'node.repaired', node, step: step.name, attempt, startedAt, outputs, key, now, facts, lost },
      blobs,
    )
    if (key !== null) this.#services.shared?.offer(key)
    return undefined
  }
}
