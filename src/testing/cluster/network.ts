import type { Draw } from './draw.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { Trace } from './trace.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What became of a message: whoever got it has used it, or says why not. */
export type Handled = 'used' | `refused: ${string}`

/** Who gets messages. */
export interface Receiver<Message> {
  readonly process: SimulatedProcess
  receive(message: Message): Handled | Promise<Handled>
}

/**
 * Carries messages: late, in another order, twice. One that is lost, or whose receiver is down, is delivered again
 * later, as by a broker that waits for a receipt.
 */
export class Network<Message extends { readonly text: string }> {
  readonly #time: VirtualTime
  readonly #draw: Draw
  readonly #trace: Trace
  /** Messages on their way. */
  #open = 0
  readonly counts = { messages: 0, lost: 0, doubled: 0, refused: 0 }

  constructor(time: VirtualTime, draw: Draw, trace: Trace) {
    this.#time = time
    this.#draw = draw
    this.#trace = trace
  }

  /** Messages that nobody has used or refused. */
  get unhandled(): number {
    return this.#open
  }

  send(to: Receiver<Message>, message: Message): void {
    this.#deliver(to, message)
    if (this.#draw(12) !== 1) return
    this.counts.doubled++
    this.#deliver(to, message)
  }

  #deliver(to: Receiver<Message>, message: Message): void {
    this.#open++
    this.counts.messages++
    const isLost = this.#draw(12) === 1
    if (isLost) this.counts.lost++
    const delay = 1 + this.#draw(20) + (isLost ? 50 + this.#draw(500) : 0)
    this.#arrive(to, message, delay)
  }

  #arrive(to: Receiver<Message>, message: Message, delay: number): void {
    this.#time.at(this.#time.now + delay, () => {
      if (to.process.isDown) return this.#arrive(to, message, 50)
      const { life } = to.process
      let isTaken = false
      to.process.after(0, async () => {
        isTaken = true
        const handled = await to.receive(message)
        this.#open--
        if (handled !== 'used') this.counts.refused++
        this.#trace.add(`${to.process.name} <- ${message.text}${handled === 'used' ? '' : ` (${handled})`}`)
      })
      // A process that hangs may die with what it has not looked at.
      const look = (): void => {
        if (isTaken) return
        if (to.process.life === life) this.#time.at(this.#time.now + 50, look)
        else this.#arrive(to, message, 50)
      }
      look()
    })
  }
}
