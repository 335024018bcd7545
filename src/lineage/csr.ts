/** Edges sorted by their beginning: those of node `n` are `ends[offsets[n]]` up to `ends[offsets[n + 1]]`. */
export interface Csr {
  readonly offsets: Int32Array
  readonly ends: Int32Array
}

/** Sorts edges by their beginning, by counting. */
export function buildCsr(sources: Int32Array, targets: Int32Array, count: number, nodes: number): Csr {
  const offsets = new Int32Array(nodes + 1)
  for (let edge = 0; edge < count; edge++) offsets[sources[edge]! + 1]!++
  for (let node = 0; node < nodes; node++) offsets[node + 1]! += offsets[node]!
  const next = offsets.slice(0, nodes)
  const ends = new Int32Array(count)
  for (let edge = 0; edge < count; edge++) ends[next[sources[edge]!]!++] = targets[edge]!
  return { offsets, ends }
}
