import type { Csr } from './csr.ts'
import { nodeId, type Direction, type LineageGraph } from './graph.ts'

/** What is reached from some artifacts, nearest first. */
export interface Closure {
  /** Node ids, each once; the starting ones first. */
  readonly nodes: Int32Array
  /** Steps away, by the position in `nodes`: an execution and what it reads or writes count as one. */
  readonly depths: Int32Array
}

/**
 * All that is reached from some artifacts, breadth first and without recursion.
 *
 * Equal content alone joins nothing: any two runs may hold `true`. From an execution the walk goes on to those
 * executions of the same run that wrote, before it, what it read (or read, after it, what it wrote); another
 * run is reached through what that run was given and has not made itself.
 */
export function closure(graph: LineageGraph, start: readonly number[], direction: Direction): Closure {
  return new Walk(graph, direction).from(start)
}

class Walk {
  readonly #graph: LineageGraph
  readonly #isUp: boolean
  /** Of an artifact, the executions to go on to: its writers upwards, its readers downwards; and the others. */
  readonly #near: Csr
  readonly #far: Csr
  readonly #isSeen: Uint8Array
  /** By artifact: up to which place the runs that it was given to, or came from, have been looked at. */
  readonly #outsideDone: Int32Array
  /** By the first edge of an artifact's executions in a run: how many of them have been gone on to. */
  readonly #done: Int32Array
  /** What was found, in order; the executions among them are worked through in that order. */
  readonly #nodes: Int32Array
  readonly #depths: Int32Array
  #length = 0

  constructor(graph: LineageGraph, direction: Direction) {
    this.#graph = graph
    this.#isUp = direction === 'up'
    this.#near = graph.csr(direction)
    this.#far = graph.csr(this.#isUp ? 'down' : 'up')
    const count = this.#near.offsets.length - 1
    this.#isSeen = new Uint8Array(count)
    this.#outsideDone = new Int32Array(count)
    this.#done = new Int32Array(this.#near.ends.length)
    this.#nodes = new Int32Array(count)
    this.#depths = new Int32Array(count)
  }

  /** Walks from some artifacts, wherever they were made and used. */
  from(start: readonly number[]): Closure {
    const { offsets, ends } = this.#near
    const unknown: number[] = []
    for (const artifact of new Set(start)) {
      const id = nodeId.artifact(artifact)
      if (id >= this.#isSeen.length) unknown.push(id)
      else this.#report(id, 0)
    }
    for (let at = 0, to = this.#length; at < to; at++) {
      const id = this.#nodes[at]!
      for (let edge = offsets[id]!; edge < offsets[id + 1]!; edge++) this.#report(ends[edge]!, 1)
    }
    let first = 0
    for (let depth = 1, to = this.#length; first < to; depth++, first = to, to = this.#length) {
      for (let at = first; at < to; at++) this.#reportOf(this.#nodes[at]!, depth)
      for (let at = first; at < to; at++) this.#goOnFrom(this.#nodes[at]!, depth + 1)
    }
    // A node without any edge.
    const nodes = new Int32Array(unknown.length + this.#length)
    const depths = new Int32Array(nodes.length)
    nodes.set(unknown)
    nodes.set(this.#nodes.subarray(0, this.#length), unknown.length)
    depths.set(this.#depths.subarray(0, this.#length), unknown.length)
    return { nodes, depths }
  }

  /** Reports what an execution read (upwards) or wrote (downwards). */
  #reportOf(id: number, depth: number): void {
    if (!isExecution(id)) return
    const { offsets, ends } = this.#near
    for (let edge = offsets[id]!; edge < offsets[id + 1]!; edge++) this.#report(ends[edge]!, depth)
  }

  #goOnFrom(id: number, depth: number): void {
    if (!isExecution(id)) return
    const { offsets, ends } = this.#near
    for (let edge = offsets[id]!; edge < offsets[id + 1]!; edge++) this.#expand(ends[edge]!, id >> 1, depth)
  }

  /** Goes on from an artifact that an execution read (upwards) or wrote (downwards). */
  #expand(artifact: number, execution: number, depth: number): void {
    const { ends } = this.#near
    const run = this.#graph.runOf(execution)
    const place = this.#graph.placeOf(execution)
    const from = this.#firstOf(this.#near, artifact, run)
    const to = this.#firstOf(this.#near, artifact, run + 1)
    if (from < to) {
      // Those before the execution are the first of the group, those after it the last.
      let done = this.#done[from]!
      for (; done < to - from; done++) {
        const id = ends[this.#isUp ? from + done : to - 1 - done]!
        const other = this.#graph.placeOf(id >> 1)
        if (this.#isUp ? other >= place : other <= place) break
        this.#report(id, depth)
      }
      this.#done[from] = done
      // What was there before in its own run did not come from outside.
      if (this.#isUp && this.#graph.placeOf(ends[from]! >> 1) < place) return
    }
    this.#outside(artifact, run, place, depth)
  }

  /**
   * Upwards: whichever other run made before what this one was given. Downwards: the runs that read it afterwards
   * and have not made it themselves.
   */
  #outside(artifact: number, run: number, place: number, depth: number): void {
    const isUp = this.#isUp
    const before = this.#outsideDone[artifact]!
    // As far as it was looked at for a later reader, or an earlier writer, there is nothing new.
    if (before !== 0 && (isUp ? before >= place : before <= place)) return
    this.#outsideDone[artifact] = place
    const { offsets, ends } = this.#near
    for (let at = offsets[artifact]!; at < offsets[artifact + 1]!;) {
      const other = this.#graph.runOf(ends[at]! >> 1)
      const isOutside = other !== run && (isUp || !this.#isMadeIn(artifact, other))
      for (; at < offsets[artifact + 1]! && this.#graph.runOf(ends[at]! >> 1) === other; at++) {
        const when = this.#graph.placeOf(ends[at]! >> 1)
        if (isOutside && (isUp ? when < place : when > place)) this.#report(ends[at]!, depth)
      }
    }
  }

  /** Whether an execution of a run wrote the artifact. */
  #isMadeIn(artifact: number, run: number): boolean {
    return this.#firstOf(this.#far, artifact, run) < this.#firstOf(this.#far, artifact, run + 1)
  }

  #report(id: number, depth: number): void {
    if (this.#isSeen[id] === 1) return
    this.#isSeen[id] = 1
    this.#nodes[this.#length] = id
    this.#depths[this.#length++] = depth
  }

  /** The first edge of an artifact with an execution of this run or of a later number: edges are sorted by it. */
  #firstOf({ offsets, ends }: Csr, artifact: number, run: number): number {
    let low = offsets[artifact]!
    let high = offsets[artifact + 1]!
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#graph.runOf(ends[middle]! >> 1) < run) low = middle + 1
      else high = middle
    }
    return low
  }
}

function isExecution(id: number): boolean {
  return id % 2 === 1
}
