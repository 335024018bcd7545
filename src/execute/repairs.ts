import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { own } from '../internal/own.ts'
import type { RunEvent, Value, Values } from '../record/event.ts'
import type { ExecutionRecord } from '../record/records.ts'
import { attemptStep, type AttemptOutcome } from './attempt.ts'
import type { PendingBlob } from './blobs.ts'
import { inputDigests } from './cache-key.ts'
import { cannotMend, holdsItem, isStoredAs, lostBlob } from './lost-blob.ts'
import { isFatal } from './run-errors.ts'
import type { RunRequest, RunServices } from './run-request.ts'
import { fileName, idempotencyKey, plannedStep } from './step-work.ts'
import type { ValueScopes } from './value-scopes.ts'

/** What making lost blobs again needs of the run that reads them. */
interface RepairHost {
  readonly signal: AbortSignal
  append(event: RunEvent, blobs: readonly PendingBlob[]): Promise<void>
  warn(node: string, message: string): void
}

/** Larger outputs are not read once more before a run ends, in bytes. */
const largestRead = 64 * 1024 * 1024

/**
 * Makes blobs again that are gone or corrupt when a node reads them: the step that made them is executed once more, on
 * its recorded inputs. That changes nothing of the run: it must give what is recorded. Each node is made again at most
 * once in a run, however many read what it has made.
 */
export class Repairs {
  readonly #request: RunRequest
  readonly #services: RunServices
  readonly #scopes: ValueScopes
  readonly #host: RepairHost
  readonly #made = new Map<string, Promise<void>>()

  constructor(request: RunRequest, services: RunServices, scopes: ValueScopes, host: RepairHost) {
    this.#request = request
    this.#services = services
    this.#scopes = scopes
    this.#host = host
  }

  /** Does work for a node; when that meets a lost blob, it is begun anew once the blob has been made again. */
  async mending<T>(node: string, work: () => Promise<T>): Promise<T> {
    const met = new Set<Digest>()
    for (;;) {
      try {
        return await work()
      } catch (error) {
        const blob = lostBlob(error)
        // What keeps failing on the same blob has kept the error, or the disk is broken.
        if (blob === undefined || met.has(blob) || !(await this.mend(node, error))) throw error
        met.add(blob)
      }
    }
  }

  /** Looks through what a run gives: its outputs are read when it is over, and nothing can be made again by then. */
  async outputs(values: Values): Promise<void> {
    const { json, reader } = this.#services
    for (const [name, value] of Object.entries(values)) {
      if (!('artifact' in value)) continue
      const { artifact } = value
      await this.mending(`output ${name}`, async () => {
        if (['json', 'metrics', 'list'].includes(artifact.kind)) {
          await json.load(value).catch((error: unknown) => {
            // A list of what is no plain data.
            if (lostBlob(error) !== undefined) throw error
          })
        } else if (['table', 'model', 'report'].includes(artifact.kind) && artifact.size <= largestRead)
          for (const blob of [artifact.blob, ...(artifact.parts ?? [])]) await reader.bytes({ blob })
      })
    }
  }

  /** Makes the blob again that an error is about; false where it is about none, or about one that was lost again. */
  async mend(node: string, error: unknown): Promise<boolean> {
    const blob = lostBlob(error)
    if (blob === undefined || this.#host.signal.aborted) return false
    if (await this.#isThere(blob)) return true
    const producer = await this.#producerOf(node, blob)
    const earlier = this.#made.get(producer.node)
    const making = earlier ?? this.#make(producer, node, blob)
    this.#made.set(producer.node, making)
    await making
    return earlier === undefined || this.#isThere(blob)
  }

  async #isThere(blob: Digest): Promise<boolean> {
    try {
      await this.#services.reader.bytes({ blob })
      return true
    } catch (error) {
      if (lostBlob(error) === undefined) throw error
      return false
    }
  }

  /** The execution of this run that has given what was stored as a blob. */
  async #producerOf(consumer: string, blob: Digest): Promise<ExecutionRecord> {
    const { metadata, reader } = this.#services
    // Hits are recorded and not waited for.
    await metadata.flush()
    const steps = (await metadata.executions(this.#request.id)).filter(({ step }) => step !== null)
    const outputsOf = ({ outputs }: ExecutionRecord): Value[] => Object.values(outputs)
    const direct = steps.find((one) => outputsOf(one).some((value) => isStoredAs(value, blob)))
    if (direct !== undefined) return direct
    for (const one of steps)
      for (const value of outputsOf(one)) if (await holdsItem(value, blob, reader)) return one
    const inputs = Object.entries(this.#request.inputs)
    const source = inputs.find(([, value]) => isStoredAs(value, blob))?.[0]
    if (source === undefined)
      throw cannotMend(
        consumer,
        blob,
        'no step of this run has made it',
        'start a new run: what is lost is made again',
      )
    throw cannotMend(
      consumer,
      blob,
      `it is input '${source}' of the run`,
      'start a new run: the source is read again',
    )
  }

  async #make(producer: ExecutionRecord, consumer: string, blob: Digest): Promise<void> {
    const { node } = producer
    const { step: planKey } = plannedStep(this.#scopes.node(node), node)
    const { plan, program } = this.#request
    const declaration = plan.steps[planKey]!
    const step = program.steps.get(planKey)!
    if (declaration.effect !== undefined) {
      throw cannotMend(
        consumer,
        blob,
        `'${node}' has made it, which is an effect and is not run again by itself`,
        `start a new run, which runs '${node}' again, or restore the bytes from a backup`,
      )
    }
    this.#host.warn(node, 'what it has made is gone or corrupt: it is made again')
    const outcome = await this.mending(node, () => this.#execute(producer, planKey)).catch(
      (cause: unknown) => {
        if (isFatal(cause)) throw cause
        const message = cause instanceof Error ? cause.message.split('\n')[0]! : String(cause)
        throw cannotMend(
          consumer,
          blob,
          `'${node}' has made it, and fails when it runs again: ${message}`,
          `mend '${step.name}', then start a new run`,
          cause,
        )
      },
    )
    const changed = Object.keys(step.outputs).find(
      (name) => identity(own(outcome.outputs, name)) !== identity(own(producer.outputs, name)),
    )
    if (changed !== undefined) {
      throw cannotMend(
        consumer,
        blob,
        `'${node}' has made it, and gives another '${changed}' when it runs again: step '${step.name}' is not deterministic`,
        `draw what is random from ctx.random in '${step.name}', then start a new run`,
      )
    }
    await this.#host.append({ type: 'node.remade', node, step: step.name, blob }, outcome.blobs)
  }

  /** Runs the function of a step as it was run, on what it was given; throws what it throws. */
  async #execute(producer: ExecutionRecord, planKey: string): Promise<AttemptOutcome & { ok: true }> {
    const { id, plan, program } = this.#request
    const { node, inputs, key, reused } = producer
    const declaration = plan.steps[planKey]!
    const step = program.steps.get(planKey)!
    const { metadata, json, resources } = this.#services
    const digests = await inputDigests(inputs, step.inputs, json)
    const original = reused === null ? undefined : await metadata.executionAt(reused.run, reused.node)
    const needs = resources.needs(declaration.resources, step.name)
    const release = await new Promise<() => void>((resolve) => {
      resources.acquire(needs, resolve, this.#host.signal)
    })
    const outcome = await (this.#services.attempt ?? attemptStep)(
      {
        run: { id, pipeline: plan.pipeline },
        node,
        fileName: `${fileName(node)}-again`,
        step,
        declaration,
        values: inputs,
        attempt: 1,
        startedAt: (original ?? producer).startedAt,
        idempotencyKey: idempotencyKey(id, node, declaration, digests),
        seed: key ?? sha256(canonicalJson({ step: step.name, inputs: digests })),
        signal: this.#host.signal,
        onProgress: () => undefined,
        onLog: () => undefined,
      },
      this.#services,
    )
    if (outcome.ok || outcome.abandoned === undefined) release()
    else void outcome.abandoned.finally(release)
    if (!outcome.ok) throw outcome.error
    return outcome
  }
}

function identity(value: Value | undefined): string {
  return value !== undefined && 'artifact' in value
    ? `${value.artifact.kind} ${value.artifact.digest}`
    : 'none'
}
