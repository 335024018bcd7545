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

/** What is reached from some nodes, nearest first. */
export interface Closure {
  /** Node ids, each once; the starting ones first. */
  readonly nodes: Int32Array
  /** Steps away, by the position in `nodes`: an execution and what it reads or writes count as one. */
  readonly depths: Int32Array
}

/**
 * The lineage in memory: two integers per edge, and one sorted copy of them per direction in which it was
 * asked. It is loaded once and then follows the store by the number of the last edge that it has seen.
 */
export class LineageGraph {
  readonly #store: Pick<MetadataStore, 'edges' | 'lineageGeneration'>
  #sources = new Int32Array(1_024)
  #targets = new Int32Array(1_024)
  #count = 0
  #nodes = 0
  #seen = 0
  #generation = -1
  #csr: Partial<Record<Direction, Csr>> = {}
  #refreshing: Promise<void> | undefined

  constructor(store: Pick<MetadataStore, 'edges' | 'lineageGeneration'>) {
    this.#store = store
  }

  /** The number of edges that are loaded. */
  get size(): number {
    return this.#count
  }

  /** Takes in what has been recorded since the last time. */
  refresh(): Promise<void> {
    return (this.#refreshing ??= this.#load().finally(() => {
      this.#refreshing = undefined
    }))
  }

  /** The edges that leave each node in a direction. */
  csr(direction: Direction): Csr {
    const ends = { sources: this.#sources, targets: this.#targets }
    return (this.#csr[direction] ??=
      direction === 'down'
        ? buildCsr(ends.sources, ends.targets, this.#count, this.#nodes)
        : buildCsr(ends.targets, ends.sources, this.#count, this.#nodes))
  }

  async #load(): Promise<void> {
    // Read before the edges: a removal between the two is noticed the next time.
    const generation = await this.#store.lineageGeneration()
    if (generation !== this.#generation) {
      this.#generation = generation
      this.#count = this.#nodes = this.#seen = 0
      this.#csr = {}
    }
    const before = this.#count
    for await (const { number, execution, artifact, direction } of this.#store.edges(this.#seen)) {
      const [from, to] = [nodeId.artifact(artifact), nodeId.execution(execution)]
      if (direction === 'in') this.#push(from, to)
      else this.#push(to, from)
      this.#seen = number
    }
    if (this.#count !== before) this.#csr = {}
  }

  #push(source: number, target: number): void {
    if (this.#count === this.#sources.length) {
      this.#sources = grown(this.#sources)
      this.#targets = grown(this.#targets)
    }
    this.#sources[this.#count] = source
    this.#targets[this.#count++] = target
    this.#nodes = Math.max(this.#nodes, source + 1, target + 1)
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}

/** All that is reached from some nodes, breadth first and without recursion. */
export function closure(graph: LineageGraph, start: readonly number[], direction: Direction): Closure {
  const { offsets, ends } = graph.csr(direction)
  const count = offsets.length - 1
  const isSeen = new Uint8Array(count)
  const nodes = new Int32Array(count)
  const depths = new Int32Array(count)
  let length = 0
  const unknown: number[] = []
  for (const id of new Set(start)) {
    if (id >= count) unknown.push(id)
    else if (isSeen[id] === 0) {
      isSeen[id] = 1
      nodes[length++] = id
    }
  }
  let level = 0
  for (let from = 0, to = length; from < to; from = to, to = length) {
    level++
    const depth = (level + 1) >> 1
    for (let at = from; at < to; at++) {
      const id = nodes[at]!
      for (let edge = offsets[id]!; edge < offsets[id + 1]!; edge++) {
        const end = ends[edge]!
        if (isSeen[end] === 1) continue
        isSeen[end] = 1
        depths[length] = depth
        nodes[length++] = end
      }
    }
  }
  if (unknown.length === 0) return { nodes: nodes.slice(0, length), depths: depths.slice(0, length) }
  // A node without any edge.
  return {
    nodes: Int32Array.from([...unknown, ...nodes.subarray(0, length)]),
    depths: Int32Array.from([...unknown.map(() => 0), ...depths.subarray(0, length)]),
  }
}
