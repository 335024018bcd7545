import type { Digest } from '../internal/digest.ts'
import type { Value, Values } from '../record/event.ts'
import { gatherAgain } from './gather-again.ts'
import { Remake } from './remake.ts'
import type { RemakeHost } from './remake-host.ts'
import { blobsOf } from './entry-blobs.ts'
import { areWhole, artifactsOf, dropCorrupt, lostBlob } from './lost.ts'
import {
  failedAgain,
  isEffect,
  lostAgain,
  notSelected,
  sourceLost,
  valueLost,
  type Refusal,
} from './lost-errors.ts'
import { Makers, type Maker } from './makers.ts'
import { isFatal } from './run-errors.ts'
import type { RunRequest, RunServices } from './run-request.ts'

/** A reader that finds the same bytes lost more often goes without. */
const mostTimes = 2

/**
 * Has lost outputs made again: finds the node of the run that made them and executes it once more on what it had
 * read. Each node at most once; whoever misses the same waits for the same.
 */
export class Repairs {
  readonly #request: RunRequest
  readonly #services: RunServices
  readonly #host: RemakeHost
  readonly #makers: Makers
  readonly #remake: Remake
  readonly #made = new Map<string, Promise<Refusal | undefined>>()
  readonly #times = new Map<string, number>()

  constructor(request: RunRequest, services: RunServices, host: RemakeHost) {
    this.#request = request
    this.#services = services
    this.#host = host
    this.#makers = new Makers(request.id, services.metadata, services.reader)
    this.#remake = new Remake(request, services, host)
  }

  /** Values as they are stored now. */
  current(values: Values): Values {
    return this.#makers.current(values)
  }

  /** A value as it is stored now. */
  currentValue(value: Value): Value {
    return this.#makers.currentValue(value)
  }

  /** Does what reads values for a node (empty: for the outputs of the run), again once what it misses is there. */
  async reading<T>(node: string, read: () => Promise<T>, before?: number): Promise<T> {
    for (;;) {
      try {
        return await read()
      } catch (error) {
        await this.mend(node, error, before)
      }
    }
  }

  /** The same, but has nothing made again once a signal is aborted: gives undefined then. */
  async readingUntil<T>(signal: AbortSignal, node: string, read: () => Promise<T>): Promise<T | undefined> {
    for (;;) {
      try {
        return await read()
      } catch (error) {
        if (signal.aborted && lostBlob(error) !== undefined) return undefined
        await this.mend(node, error)
      }
    }
  }

  /**
   * Has the bytes made again that an error of a node says are lost. Throws `VALUE_LOST` or `NOT_DETERMINISTIC` where
   * that cannot be, the signal's reason when the run is cancelled meanwhile, and the error itself where it is another
   * one or nobody is known to have made them.
   */
  async mend(node: string, error: unknown, before = Infinity): Promise<void> {
    const digest = lostBlob(error)
    if (digest === undefined) throw error
    const id = `${node} ${digest}`
    const times = (this.#times.get(id) ?? 0) + 1
    this.#times.set(id, times)
    const maker = await this.#makerOf(digest, before)
    if (maker === undefined) throw this.#sourceError(node, digest) ?? error
    const refusal = times > mostTimes ? lostAgain : await this.#restore(node, maker, digest)
    if (refusal !== undefined) throw valueLost({ node, step: this.#stepOf(node) }, maker, digest, refusal)
  }

  /** The first that made it; rather a step than an effect, which is not done again. */
  async #makerOf(digest: Digest, before: number): Promise<Maker | undefined> {
    const makers = await this.#makers.of(digest, before)
    return makers.find(({ node }) => !this.#isEffect(node)) ?? makers[0]
  }

  async #restore(by: string, maker: Maker, digest: Digest): Promise<Refusal | undefined> {
    // Somebody else may have missed it too, here or in another run.
    if (await this.#isThere(digest)) return undefined
    let making = this.#made.get(maker.node)
    if (making === undefined) {
      making = this.#make(by, maker, digest)
      this.#made.set(maker.node, making)
    }
    const refusal = await making
    if (refusal !== undefined) return refusal
    // What the repair has recorded tells whether other bytes have taken their place.
    await this.#makers.of(digest)
    return (await this.#isThere(digest)) ? undefined : lostAgain
  }

  #isThere(digest: Digest): Promise<boolean> {
    const now = this.#makers.replaced(digest)
    return areWhole(now === undefined ? [digest] : blobsOf(now), this.#services.reader.apart())
  }

  async #make(by: string, maker: Maker, digest: Digest): Promise<Refusal | undefined> {
    const { node, seq } = maker
    if (this.#isEffect(node)) return isEffect
    if (this.#request.reuse?.has(node.split(/[/[]/, 1)[0]!) === true) return notSelected
    const execution = (await this.#services.metadata.executionAt(this.#request.id, node))!
    const lost = { digest, by }
    await dropCorrupt(execution.outputs, this.#services.reader.apart())
    this.#host.warn(node, `what it made is gone or corrupt (${digest}): it is made again`)
    try {
      if (maker.step !== null) {
        const mend = (error: unknown): Promise<void> => this.mend(node, error, seq)
        return await this.#remake.step(execution, () => this.current(execution.inputs), lost, mend)
      }
      const reading = <T>(reader: string, read: () => Promise<T>): Promise<T> =>
        this.reading(reader, read, seq)
      const gathered = await gatherAgain(this.#request, this.#services, execution, maker, {
        reading,
        current: (value) => this.currentValue(value),
      })
      if ('refusal' in gathered) return gathered.refusal
      const { event, blobs } = gathered
      await this.#host.append({ ...event, lost }, blobs)
      return undefined
    } catch (error) {
      if (isFatal(error) || this.#host.isOver() || this.#host.signal.aborted) throw error
      return failedAgain(error)
    }
  }

  #isEffect(node: string): boolean {
    return this.#declaration(node)?.effect !== undefined
  }

  #stepOf(node: string): string | undefined {
    return this.#declaration(node)?.name
  }

  #declaration(node: string): RunRequest['plan']['steps'][string] | undefined {
    const planned = node === '' ? undefined : this.#host.plannedNode(node)
    return planned?.type === 'step' ? this.#request.plan.steps[planned.step] : undefined
  }

  /** The error where the bytes are of an input of the run. */
  #sourceError(node: string, digest: Digest): unknown {
    for (const [name, value] of Object.entries(this.#request.inputs))
      for (const artifact of artifactsOf([value]))
        if (blobsOf(artifact).includes(digest)) return sourceLost(node, name, artifact.meta?.['path'], digest)
    return undefined
  }
}
