import type { MetadataStore } from '../record/metadata.ts'
import { buildCsr, type Csr } from './csr.ts'

/** Against the flow of data (what it was made from), or with it (what was made from it). */
export type Direction = 'up' | 'down'

/** A node of the graph: an artifact or an execution, under one numbering. */
export const nodeId = {
  artifact: (number: number): number => number * 2,
  execution: (number: number): number => number * 2 + 1,
} as const

/** What a node id stands for. */
export function nodeOf(id: number): { readonly type: 'artifact' | 'execution'; readonly number: number } {
  return { type: id % 2 === 0 ? 'artifact' : 'execution', number: id >> 1 }
}

/**
 * The lineage in memory: a few integers per edge, and one sorted copy of them per direction in which it was
 * asked. It is loaded once and then follows the store by the number of the last edge that it has seen.
 */
export class LineageGraph {
  readonly #store: Pick<MetadataStore, 'edges' | 'lineageGeneration'>
  readonly #runs = new Map<string, number>()
  #sources = new Int32Array(1_024)
  #targets = new Int32Array(1_024)
  /** By execution: its run. */
  #runOf = new Int32Array(1_024)
  /** By execution: the place of its first edge, which tells what it may have read. */
  #placeOf = new Int32Array(1_024)
  #count = 0
  #nodes = 0
  #seen = 0
  #generation = -1
  #csr: Partial<Record<Direction, Csr>> = {}
  #loading: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(store: Pick<MetadataStore, 'edges' | 'lineageGeneration'>) {
    this.#store = store
  }

  /** The number of edges that are loaded. */
  get size(): number {
    return this.#count
  }

  /** Takes in what has been recorded up to now. */
  refresh(): Promise<void> {
    if (this.#loading === undefined) {
      this.#loading = this.#load().finally(() => (this.#loading = undefined))
      return this.#loading
    }
    // What is being loaded may have been asked for too early: once more, for all who came meanwhile.
    return (this.#next ??= this.#loading
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.refresh()
      }))
  }

  /** The edges that leave each node in a direction: those of an artifact by run, and by time within a run. */
  csr(direction: Direction): Csr {
    const known = this.#csr[direction]
    if (known !== undefined) return known
    const { sources, targets } = this.#byRun()
    return (this.#csr[direction] =
      direction === 'down'
        ? buildCsr(sources, targets, this.#count, this.#nodes)
        : buildCsr(targets, sources, this.#count, this.#nodes))
  }

  /** The run of an execution, as a number. */
  runOf(execution: number): number {
    return this.#runOf[execution]!
  }

  /** Rises with the time at which executions were recorded. */
  placeOf(execution: number): number {
    return this.#placeOf[execution]!
  }

  async #load(): Promise<void> {
    // Read before the edges: a removal between the two is noticed the next time.
    const generation = await this.#store.lineageGeneration()
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#count = this.#nodes = this.#seen = 0
      this.#placeOf.fill(0)
      this.#csr = {}
    }
    for await (const { number, execution, run, artifact, direction } of this.#store.edges(this.#seen)) {
      const [from, to] = [nodeId.artifact(artifact), nodeId.execution(execution)]
      if (direction === 'in') this.#push(from, to)
      else this.#push(to, from)
      this.#place(execution, run)
      this.#seen = number
    }
  }

  #push(source: number, target: number): void {
    this.#csr = {}
    if (this.#count === this.#sources.length) {
      this.#sources = grown(this.#sources, this.#count)
      this.#targets = grown(this.#targets, this.#count)
    }
    this.#sources[this.#count] = source
    this.#targets[this.#count++] = target
    this.#nodes = Math.max(this.#nodes, source + 1, target + 1)
  }

  #place(execution: number, run: string): void {
    if (execution >= this.#runOf.length) {
      this.#runOf = grown(this.#runOf, execution)
      this.#placeOf = grown(this.#placeOf, execution)
    }
    if (this.#placeOf[execution] !== 0) return
    this.#placeOf[execution] = this.#count
    let number = this.#runs.get(run)
    if (number === undefined) {
      number = this.#runs.size
      this.#runs.set(run, number)
    }
    this.#runOf[execution] = number
  }

  /** The edges sorted by run, in their order within a run. */
  #byRun(): { readonly sources: Int32Array; readonly targets: Int32Array } {
    const next = new Int32Array(this.#runs.size + 1)
    const runAt = (edge: number): number => {
      const end = this.#sources[edge]! % 2 === 1 ? this.#sources[edge]! : this.#targets[edge]!
      return this.#runOf[end >> 1]!
    }
    for (let edge = 0; edge < this.#count; edge++) next[runAt(edge) + 1]!++
    for (let run = 0; run < this.#runs.size; run++) next[run + 1]! += next[run]!
    const sources = new Int32Array(this.#count)
    const targets = new Int32Array(this.#count)
    for (let edge = 0; edge < this.#count; edge++) {
      const place = next[runAt(edge)]!++
      sources[place] = this.#sources[edge]!
      targets[place] = this.#targets[edge]!
    }
    return { sources, targets }
  }
}

function grown(array: Int32Array, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(array.length, least) * 2)
  larger.set(array)
  return larger
}
