import fc from 'fast-check'
import { drawFrom } from '../../src/testing/cluster/draw.ts'
import { randomPlan, type ExecutablePlan } from '../../src/testing/cluster/random-plan.ts'

/** A plan behind the choices that make it, which is what fast-check shrinks; a failing one is printed. */
export class Planned {
  readonly plan: ExecutablePlan

  constructor(choices: readonly number[]) {
    this.plan = randomPlan(drawFrom(choices))
  }

  [fc.toStringMethod](): string {
    const { scope, pipelines } = this.plan
    return JSON.stringify({ scope, pipelines }, null, 1)
  }
}

/** Plans of every shape. */
export const plans = fc
  .array(fc.nat(1_000), { maxLength: 150, size: 'max' })
  .map((choices) => new Planned(choices))
/** The order in which what is open is answered. */
export const orders = fc.array(fc.nat(1_000), { maxLength: 80, size: 'max' })
