import { z } from 'zod'
import { defineStep } from '../../define/step.ts'
import type { Duration } from '../../internal/duration.ts'
import { enterStage } from './stage.ts'

/** What the step of a graph is made with. */
export interface WorkOptions {
  readonly attempts: number
  readonly timeout?: Duration
}

/** The step of all graphs: it adds one to the sum of its inputs. */
export type WorkStep = ReturnType<typeof workStep>

/** Makes the step of the graphs. */
export function workStep({ attempts, timeout }: WorkOptions) {
  return defineStep({
    name: 'work',
    // The stage is a part of the key: what one test has made is no hit for another one.
    inputs: { a: z.number(), b: z.number().default(0), stage: z.string() },
    outputs: { n: z.number(), items: z.array(z.number()), more: z.boolean() },
    version: '1',
    retry: { attempts, delay: 1 },
    ...(timeout === undefined ? {} : { timeout, grace: 1 }),
    run: async ({ a, b, stage }, ctx) => {
      await enterStage(stage, ctx.node, ctx.signal)
      const n = a + b + 1
      return { n, items: [n, n + 1, n + 2], more: n < 5 }
    },
    // Said here, since a step that asks for its node is otherwise not cached.
    cache: 'content',
  })
}
