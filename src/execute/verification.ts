import type PQueue from 'p-queue'
import type { Digest } from '../internal/digest.ts'
import type { AnyStep } from '../define/step.ts'
import type { StepDeclaration } from '../plan/document.ts'
import type { RunEvent, Values } from '../record/event.ts'
import type { CacheEntry } from '../record/metadata.ts'
import { attemptStep, type AttemptOutcome } from './attempt.ts'
import { isLost } from './blobs.ts'
import { errorRecord } from './error-record.ts'
import { outputDifferences } from './output-differences.ts'
import type { Needs } from './resource-pool.ts'
import type { RunRequest, RunServices } from './run-request.ts'
import { fileName } from './step-work.ts'

/** A node whose outputs were reused, with all that executing it takes. */
export interface Hit {
  readonly node: string
  readonly step: AnyStep
  readonly declaration: StepDeclaration
  readonly values: Values
  readonly key: Digest
  readonly entry: CacheEntry
  readonly idempotencyKey: string
  readonly needs: Needs
}

/** What verifying needs of the run that it belongs to. */
interface VerificationHost {
  /** Aborted when the run is cancelled or over. */
  readonly signal: AbortSignal
  /** Aborted when nothing new is to start. */
  readonly halted: AbortSignal
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
  readonly #running = new Set<Promise<void>>()
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
  }

  /** Takes a hit, and verifies it when the draw says so. */
  hit(made: () => Hit): void {
    if (this.#share === 0) return
    const hit = made()
    this.#hits++
    if (Math.random() < this.#share) this.#start(hit)
    else if (this.#drawn === 0 && Math.random() * this.#hits < 1) this.#spare = hit
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
    const work = new Promise<void>((resolve) => {
      const begin = (release: () => void): void => {
        const verify = async (): Promise<void> => {
          const { abandoned } = await this.#verify(hit).catch((error: unknown): Verified => {
            // What goes wrong with comparing takes nothing from a run that has its outputs.
            this.#host.warn(hit.node, `its hit could not be verified: ${errorRecord(error).message}`)
            return {}
          })
          // A function that was given up keeps its named resources until it settles.
          if (abandoned === undefined) release()
          else void abandoned.finally(release)
        }
        void this.#queue.add(verify).finally(resolve)
      }
      this.#services.resources.acquire(hit.needs, begin, this.#host.halted)
    })
    this.#running.add(work)
    void work.finally(() => this.#running.delete(work))
  }

  async #verify(hit: Hit): Promise<Verified> {
    if (this.#host.halted.aborted) return {}
    const { node, step, entry } = hit
    const outcome = await this.#recompute(hit)
    if (!outcome.ok && outcome.end === 'cancelled') return outcome
    if (!outcome.ok && isLost(outcome.error)) throw outcome.error
    const { reader } = this.#services
    // Small blobs of what was recomputed are committed nowhere.
    if (outcome.ok) for (const { digest, bytes } of outcome.blobs) reader.remember(digest, bytes)
    const differences = outcome.ok
      ? await outputDifferences(step, entry.outputs, outcome.outputs, reader)
      : [{ output: null, difference: `threw: ${errorRecord(outcome.error).message.split('\n')[0]!}` }]
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

  /** The function runs as it did: with the same inputs, the same seed and the start of the execution that is reused. */
  #recompute(hit: Hit): Promise<AttemptOutcome> {
    const { node, step, declaration, values, key, entry, idempotencyKey } = hit
    const { id, plan } = this.#request
    return (this.#services.attempt ?? attemptStep)(
      {
        run: { id, pipeline: plan.pipeline },
        node,
        fileName: `${fileName(node)}-verify`,
        step,
        declaration,
        values,
        attempt: 1,
        startedAt: entry.startedAt,
        idempotencyKey,
        seed: key,
        signal: this.#host.signal,
        onProgress: () => undefined,
        onLog: () => undefined,
      },
      this.#services,
    )
  }
}
