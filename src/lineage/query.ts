import type { Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { ExecutionRecord } from '../record/records.ts'
import { closure } from './closure.ts'
import { LineageGraph, nodeOf, type Direction } from './graph.ts'

/** What {@link Lineage} needs of the metadata store. */
export type LineageSource = Pick<
  MetadataStore,
  'artifactNumbers' | 'artifactsByNumber' | 'edges' | 'executionsByNumber' | 'lineageGeneration'
>

/** An artifact or an execution in the lineage of another artifact. */
export type LineageNode =
  | { readonly type: 'artifact'; readonly depth: number; readonly artifact: Artifact }
  | { readonly type: 'execution'; readonly depth: number; readonly execution: ExecutionRecord }

/** Answers what an artifact was made from and what was made from it. */
export class Lineage {
  readonly #source: LineageSource
  readonly #graph: LineageGraph

  constructor(source: LineageSource) {
    this.#source = source
    this.#graph = new LineageGraph(source)
  }

  /** Everything that an artifact was made from, nearest first, without the artifact itself. */
  upstream(digest: Digest): Promise<readonly LineageNode[]> {
    return this.#reach(digest, 'up')
  }

  /** Everything that was made from an artifact, nearest first, without the artifact itself. */
  downstream(digest: Digest): Promise<readonly LineageNode[]> {
    return this.#reach(digest, 'down')
  }

  async #reach(digest: Digest, direction: Direction): Promise<readonly LineageNode[]> {
    const start = await this.#source.artifactNumbers(digest)
    await this.#graph.refresh()
    const { nodes, depths } = closure(this.#graph, start, direction)
    const numbers = { artifact: [] as number[], execution: [] as number[] }
    for (const id of nodes) {
      const { type, number } = nodeOf(id)
      numbers[type].push(number)
    }
    const artifacts = new Map(
      (await this.#source.artifactsByNumber(numbers.artifact)).map(({ number, artifact }) => [
        number,
        artifact,
      ]),
    )
    const executions = new Map(
      (await this.#source.executionsByNumber(numbers.execution)).map((record) => [record.number, record]),
    )
    const found: LineageNode[] = []
    for (let at = 0; at < nodes.length; at++) {
      const { type, number } = nodeOf(nodes[at]!)
      const depth = depths[at]!
      if (depth === 0) continue
      // What was removed since the graph was loaded is left out.
      const artifact = type === 'artifact' ? artifacts.get(number) : undefined
      if (artifact !== undefined) found.push({ type: 'artifact', depth, artifact })
      const execution = type === 'execution' ? executions.get(number) : undefined
      if (execution !== undefined) found.push({ type: 'execution', depth, execution })
    }
    return found
  }
}
