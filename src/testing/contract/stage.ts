import type { Duration } from '../../internal/duration.ts'
import { defineStep } from '../../define/step.ts'
import { z } from 'zod'

/** What the steps of a shape are made with. */
export interface StageOptions {
  readonly attempts?: number
  readonly timeout?: Duration
}

/** Where the steps of a shape run: what they have done is seen, and what happens in them can be said. */
export class Stage {
  /** Nodes in the order in which their steps were executed. */
  readonly executed: string[] = []
  readonly #failures = new Map<string, number>()
  readonly #events = new Map<string, () => void>()
  readonly step

  constructor({ attempts = 1, timeout }: StageOptions = {}) {
    this.step = defineStep({
      name: 'work',
      inputs: { a: z.number(), b: z.number().default(0) },
      outputs: { n: z.number(), items: z.array(z.number()), more: z.boolean() },
      version: '1',
      retry: { attempts, delay: 1 },
      ...(timeout === undefined ? {} : { timeout, grace: 1 }),
      run: async ({ a, b }, ctx) => {
        await this.#enter(ctx.node, ctx.signal)
        const n = a + b + 1
        return { n, items: [n, n + 1, n + 2], more: n < 5 }
      },
      // Said here, since a step that asks for its node is otherwise not cached.
      cache: 'content',
    })
  }

  /** Lets the next tries of a node fail. */
  fail(node: string, times: number): void {
    this.#failures.set(node, times)
  }

  /** Lets something happen in the next try of a node, which then waits until it is aborted. */
  hang(node: string, event: () => void = () => undefined): void {
    this.#events.set(node, event)
  }

  async #enter(node: string, signal: AbortSignal): Promise<void> {
    this.executed.push(node)
    const left = this.#failures.get(node) ?? 0
    this.#failures.set(node, left - 1)
    if (left > 0) throw new Error(`'${node}' fails`)
    const event = this.#events.get(node)
    if (event === undefined) return
    this.#events.delete(node)
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    event()
    if (!signal.aborted) await aborted
    throw signal.reason
  }
}
