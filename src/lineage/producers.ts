import type { MetadataStore } from '../record/metadata.ts'
import type { ExecutionRecord, NamedEdge } from '../record/records.ts'

/** Candidates that are looked at together. */
const batch = 20

/** Edges by the number of one of their ends. */
export function groupEdges(
  edges: readonly NamedEdge[],
  side: 'artifact' | 'execution',
): ReadonlyMap<number, readonly NamedEdge[]> {
  const groups = new Map<number, NamedEdge[]>()
  for (const edge of edges) {
    const group = groups.get(edge[side])
    if (group === undefined) groups.set(edge[side], [edge])
    else group.push(edge)
  }
  return groups
}

/** The executions, in their order, that wrote an artifact without having read it: an effect hands a model on. */
export function writersOf(edges: readonly NamedEdge[]): number[] {
  const readers = new Set(edges.flatMap((edge) => (edge.direction === 'in' ? [edge.execution] : [])))
  const writers = edges.flatMap((edge) => (edge.direction === 'out' ? [edge.execution] : []))
  return [...new Set(writers)].filter((number) => !readers.has(number)).sort((a, b) => a - b)
}

/**
 * The execution that first made each artifact: the earliest that wrote it without reusing it, or, when that one
 * was removed, the earliest that reused it. Inputs of runs have none.
 */
export async function firstMakers(
  source: Pick<MetadataStore, 'edgesOf' | 'executionsByNumber'>,
  artifacts: readonly number[],
): Promise<ReadonlyMap<number, ExecutionRecord>> {
  const edges = groupEdges(await source.edgesOf('artifact', artifacts), 'artifact')
  let open = artifacts.map((artifact) => ({ artifact, writers: writersOf(edges.get(artifact) ?? []) }))
  const found = new Map<number, ExecutionRecord>()
  for (let at = 0, size = 1; open.length > 0; at += size, size = batch) {
    const wanted = new Set(open.flatMap(({ writers }) => writers.slice(at, at + size)))
    const records = new Map(
      (await source.executionsByNumber([...wanted])).map((record) => [record.number, record]),
    )
    open = open.filter(({ artifact, writers }) => {
      for (const number of writers.slice(at, at + size)) {
        const record = records.get(number)
        if (record === undefined) continue
        if (record.reused === null) {
          found.set(artifact, record)
          return false
        }
        if (!found.has(artifact)) found.set(artifact, record)
      }
      return writers.length > at + size
    })
  }
  return found
}
