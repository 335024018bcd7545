import type { Draw } from './draw.ts'
import type { Message } from './messages.ts'
import type { Handled, Network, Receiver } from './network.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { ClusterWork } from './work.ts'

/** Does what it is told, once as far as it remembers, and tells whoever has asked. */
export class Worker implements Receiver<Message> {
  readonly process: SimulatedProcess
  readonly #network: Network<Message>
  readonly #work: ClusterWork
  readonly #draw: Draw
  readonly #known = new Set<string>()
  /** By node: how often it was executed here, or begun to be. */
  readonly executions: Map<string, number>

  constructor(
    process: SimulatedProcess,
    network: Network<Message>,
    work: ClusterWork,
    draw: Draw,
    executions: Map<string, number>,
  ) {
    this.process = process
    this.#network = network
    this.#work = work
    this.#draw = draw
    this.executions = executions
    process.onRestart = () => this.#known.clear()
  }

  receive(message: Message): Handled {
    if (message.type !== 'do') return 'refused: not for a worker'
    const { node, attempt, fence, isUndo, from, declaration, values, used } = message
    const id = `${fence} ${isUndo ? 'undo ' : ''}${node} ${attempt}`
    if (this.#known.has(id)) return 'refused: known'
    this.#known.add(id)
    this.executions.set(node, (this.executions.get(node) ?? 0) + 1)
    this.process.after(1 + this.#draw(60), async () => {
      const { signal } = this.process
      const result = isUndo
        ? ({ ok: true, outputs: {} } as const)
        : await this.#work.execute({ node, declaration, values, attempt, used, signal })
      if (result === undefined) return
      const text = `${node}#${attempt} ${result.ok ? 'done' : 'failed'}`
      this.#network.send(from, { type: 'done', text, node, attempt, fence, result })
    })
    return 'used'
  }
}
