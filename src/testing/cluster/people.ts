import type { PlanWait } from '../../plan/document.ts'
import type { Draw } from './draw.ts'
import type { Message } from './messages.ts'
import type { Handled, Network, Receiver } from './network.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { ClusterWork } from './work.ts'

/** Those who decide, and send signals; each time they are asked. */
export class People implements Receiver<Message> {
  readonly process: SimulatedProcess
  readonly #network: Network<Message>
  readonly #work: ClusterWork
  readonly #draw: Draw
  readonly #nodeAt: (path: string) => PlanWait

  constructor(
    process: SimulatedProcess,
    network: Network<Message>,
    work: ClusterWork,
    draw: Draw,
    nodeAt: (path: string) => PlanWait,
  ) {
    this.process = process
    this.#network = network
    this.#work = work
    this.#draw = draw
    this.#nodeAt = nodeAt
  }

  receive(message: Message): Handled {
    if (message.type !== 'ask') return 'refused: not for people'
    const { node, from } = message
    this.process.after(1 + this.#draw(100), () => {
      const outputs = this.#work.decide(node, this.#nodeAt(node))
      const text = `${node} ${outputs === undefined ? 'rejected' : 'decided'}`
      this.#network.send(from, { type: 'decided', text, node, outputs })
    })
    return 'used'
  }
}
