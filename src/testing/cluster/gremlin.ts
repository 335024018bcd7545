import { oneOf, type Draw } from './draw.ts'
import { leaseTtl, type SharedLog } from './shared-log.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { Trace } from './trace.ts'
import type { VirtualTime } from './virtual-time.ts'

/** The most that it does to one run: enough, and the run has an end. */
const mostDisturbances = 10

/** Crashes processes, lets them hang, sometimes for longer than a lease lasts, and stalls the store. */
export class Gremlin {
  readonly #world: {
    readonly time: VirtualTime
    readonly trace: Trace
    readonly log: SharedLog
    readonly draw: Draw
  }
  readonly #victims: readonly SimulatedProcess[]
  #left: number
  readonly counts = { crashes: 0, hangs: 0, stalls: 0 }

  constructor(
    world: {
      readonly time: VirtualTime
      readonly trace: Trace
      readonly log: SharedLog
      readonly draw: Draw
    },
    victims: readonly SimulatedProcess[],
  ) {
    this.#world = world
    this.#victims = victims
    this.#left = world.draw(mostDisturbances + 1)
    this.#plan()
  }

  #plan(): void {
    const { time, draw, log } = this.#world
    if (this.#left-- <= 0) return
    time.at(time.now + 1 + draw(80), () => {
      if (log.isFinished) return
      this.#strike()
      this.#plan()
    })
  }

  #strike(): void {
    const { draw, trace, log } = this.#world
    const victim = this.#victims[draw(this.#victims.length)]!
    const what = oneOf(draw, ['crash', 'crash', 'hang', 'hang', 'stall'])
    const ms = 1 + draw(leaseTtl * 3)
    trace.add(`${what === 'stall' ? 'the store' : victim.name}: ${what} for ${ms} ms`)
    if (what === 'crash') {
      this.counts.crashes++
      victim.crash(ms)
    } else if (what === 'hang') {
      this.counts.hangs++
      victim.hang(ms)
    } else {
      this.counts.stalls++
      log.stall(ms)
    }
  }
}
