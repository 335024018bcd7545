import type PQueue from 'p-queue'
import type { Digest } from '../internal/digest.ts'
import type { AnyStep } from '../define/step.ts'
import type { StepDeclaration } from '../plan/document.ts'
import type { RunEvent, Values } from '../record/event.ts'
import type { CacheEntry } from '../record/metadata.ts'
import { attemptStep, type AttemptOutcome } from './attempt.ts'
import { errorRecord } from './error-record.ts'
import { inSlot } from './in-slot.ts'
import { lostBlob } from './lost.ts'
import { PassingMemory } from './memory.ts'
import { outputDifferences } from './output-differences.ts'
import { originalStart } from './original-start.ts'
import { fingerprintAt } from './step-key.ts'
import type { Needs } from './resource-pool.ts'
import type { Resources } from './run-resources.ts'
import type { RunRequest, RunServices } from './run-request.ts'
import { fileName } from './step-work.ts'
import { unshared } from './unshared.ts'

/** A node whose outputs were reused, with all that executing it takes. */
export interface Hit {
  readonly node: string
  readonly step: AnyStep
  readonly declaration: StepDeclaration
  readonly values: Values
  readonly key: Digest
  readonly entry: Omit<CacheEntry, 'startedAt'> & Partial<Pick<CacheEntry, 'startedAt'>>
  readonly idempotencyKey: string
  readonly needs: Needs
  /** What the step's fingerprint gave. */
  readonly fingerprint: string | undefined
}

/** What verifying needs of the run that it belongs to. */
interface VerificationHost {
  /** Aborted when the run is cancelled or over. */
  readonly signal: AbortSignal
  /** Aborted when nothing new is to start. */
  readonly halted: AbortSignal
  readonly resources: Resources
  /** Records an event that nothing waits for. */
  note(event: RunEvent): void
  warn(node: string, message: string): void
}

interface Verified {
  /** Settles when a function that was given up has ended. */
  readonly abandoned?: Promise<void>
}

/**
 * Recomputes a sample of a run's hits and compares the outputs. What it finds is recorded and changes nothing: the
 * run goes on with the hits. At least one hit is verified where there is any.
 */
export class Verification {
  readonly #request: RunRequest
  readonly #services: RunServices
  readonly #queue: PQueue
  readonly #host: VerificationHost
  readonly #share: number
  readonly #running = new Set<Promise<unknown>>()
  #hits = 0
  #drawn = 0
  /** One of the hits, each as likely as any other: verified when the draw has left all out. */
  #spare: Hit | undefined

  constructor(request: RunRequest, services: RunServices, queue: PQueue, host: VerificationHost) {
    this.#request = request
    this.#services = services
    this.#queue = queue
    this.#host = host
    this.#share = request.settings.verifyCache ?? 0
    // Before it was resumed.
    for (const { event } of request.history) if (event.type === 'node.verified') this.#drawn++
  }

  /** Takes a hit, and verifies it when the draw says so. */
  hit(made: () => Hit): void {
    if (this.#share === 0) return
    const hit = made()
    this.#hits++
    if (this.#services.random() < this.#share) this.#start(hit)
    else if (this.#drawn === 0 && this.#services.random() * this.#hits < 1) this.#spare = hit
  }

  /** Waits for all that is being verified; false when the run was stopped meanwhile. */
  async settled(): Promise<boolean> {
    if (this.#drawn === 0 && this.#spare !== undefined) this.#start(this.#spare)
    const had = this.#running.size > 0
    while (this.#running.size > 0) await Promise.all(this.#running)
    return !(had && this.#host.signal.aborted)
  }

  #start(hit: Hit): void {
    this.#drawn++
    this.#spare = undefined
    const verify = (): Promise<Verified> =>
      this.#verify(hit).catch((error: unknown) => {
        // What goes wrong with comparing takes nothing from a run that has its outputs.
        this.#host.warn(hit.node, `its hit could not be verified: ${errorRecord(error).message}`)
        return {}
      })
    const slots = { queue: this.#queue, resources: this.#host.resources }
    const work: Promise<unknown> = inSlot(slots, hit.needs, this.#host.halted, verify)
    this.#running.add(work)
    void work.finally(() => this.#running.delete(work))
  }

  async #verify(hit: Hit): Promise<Verified> {
    if (this.#host.halted.aborted) return {}
    const { node, step, entry } = hit
    // What is recomputed is committed nowhere.
    const services = unshared(this.#services)
    const outcome = await this.#recompute(hit, services)
    if (!outcome.ok && outcome.end === 'cancelled') return outcome
    if (!outcome.ok && lostBlob(outcome.error) !== undefined) throw outcome.error
    const differences = outcome.ok
      ? await outputDifferences(step, entry.outputs, outcome.outputs, services.reader)
      : [{ output: null, difference: `threw: ${errorRecord(outcome.error).message.split('\n')[0]!}` }]
    // What is outside is another thing by now: that it gives something else says nothing of the step.
    if (differences.length > 0 && (await this.#hasChangedOutside(hit))) return outcome.ok ? {} : outcome
    const log = outcome.ok ? outcome.facts.log : outcome.log
    this.#host.note({
      type: 'node.verified',
      node,
      step: step.name,
      key: hit.key,
      against: { run: entry.run, node: entry.node },
      differences,
      ...(log === undefined ? {} : { log }),
    })
    return outcome.ok ? {} : outcome
  }

  async #hasChangedOutside({ node, step, values, fingerprint }: Hit): Promise<boolean> {
    if (fingerprint === undefined) return false
    const folder = `${this.#request.id}-verify`
    const { text } = await fingerprintAt(folder, node, step, values, this.#services, this.#host.signal)
    return text !== fingerprint
  }

  /** The function runs as it did: with the same inputs, the same seed and the start of the execution that is reused. */
  async #recompute(hit: Hit, services: RunServices): Promise<AttemptOutcome> {
    const { node, step, declaration, values, key, entry, idempotencyKey } = hit
    const startedAt = entry.startedAt ?? (await originalStart(services.metadata, entry)) ?? entry.at
    const { id, plan } = this.#request
    return (services.attempt ?? attemptStep)(
      {
        run: { id, pipeline: plan.pipeline },
        node,
        fileName: `${fileName(node)}-verify`,
        step,
        declaration,
        values,
        attempt: 1,
        startedAt,
        idempotencyKey,
        seed: key,
        memory: new PassingMemory(),
        signal: this.#host.signal,
        onProgress: () => undefined,
        onLog: () => undefined,
      },
      services,
    )
  }
}
