import { originsOf } from '../plan/wiring.ts'
import type { PlanScope } from '../plan/document.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { ExecutionRecord, NamedEdge } from '../record/records.ts'
import { firstMakers, groupEdges, writersOf } from './producers.ts'

/** What telling makers needs of the metadata store. */
export type MakerSource = Pick<
  MetadataStore,
  'edgesOf' | 'edgesWithin' | 'executionAt' | 'executionsByNumber'
>

/** Gives the scope of the plan that a run executes; undefined where it is gone. */
export type PlanOf = (run: string) => Promise<PlanScope | undefined>

/** An artifact as an execution read it. */
export interface Reading {
  readonly artifact: number
  readonly reader: ExecutionRecord
  /** The name of the input, or of the list that a map gathered. */
  readonly input: string
}

/**
 * Tells which execution made what another one read. Equal content says little (any two steps may give `true`), so
 * the maker is sought in the reader's own run, among several writers by the plan's wiring; only what the run was
 * given may come from an earlier run. An execution that was reused stands for the one that really ran.
 */
export class Makers {
  readonly #source: MakerSource
  readonly #planOf: PlanOf
  readonly #plans = new Map<string, Promise<PlanScope | undefined>>()

  constructor(source: MakerSource, planOf: PlanOf) {
    this.#source = source
    this.#planOf = planOf
  }

  /** The maker of each reading, in their order; undefined for what came from outside. */
  async of(readings: readonly Reading[]): Promise<readonly (ExecutionRecord | undefined)[]> {
    const writers = await this.#writersWithin(readings)
    const numbers = [...new Set(writers.flat())]
    const records = new Map(
      (await this.#source.executionsByNumber(numbers)).map((record) => [record.number, record]),
    )
    const found: (ExecutionRecord | undefined)[] = []
    const outside: number[] = []
    for (const [at, reading] of readings.entries()) {
      // A step reads what was there before it; a map is recorded before its items, and gathers after them.
      const own = writers[at]!.flatMap((number) =>
        reading.reader.step === null || number < reading.reader.number ? (records.get(number) ?? []) : [],
      )
      found.push(await this.#original(own.length > 1 ? await this.#wired(reading, own) : own[0]))
      if (own.length === 0) outside.push(at)
    }
    const first = await firstMakers(
      this.#source,
      outside.map((at) => readings[at]!.artifact),
    )
    for (const at of outside) {
      const { artifact, reader } = readings[at]!
      const maker = first.get(artifact)
      if (maker !== undefined && maker.run !== reader.run && maker.number < reader.number) found[at] = maker
    }
    return found
  }

  /** The executions of the reader's run that wrote what it read. */
  async #writersWithin(readings: readonly Reading[]): Promise<number[][]> {
    const runs = new Map<string, Set<number>>()
    for (const { artifact, reader } of readings)
      runs.set(reader.run, (runs.get(reader.run) ?? new Set()).add(artifact))
    const edges = new Map<string, ReadonlyMap<number, readonly NamedEdge[]>>()
    for (const [run, artifacts] of runs)
      edges.set(run, groupEdges(await this.#source.edgesWithin(run, [...artifacts]), 'artifact'))
    return readings.map(({ artifact, reader }) =>
      writersOf(edges.get(reader.run)?.get(artifact) ?? []).filter((number) => number !== reader.number),
    )
  }

  /** Of several executions that wrote the same, the one that the reader is wired to. */
  async #wired({ reader, input }: Reading, writers: readonly ExecutionRecord[]): Promise<ExecutionRecord> {
    const plan = await this.#plan(reader.run)
    const origins = plan === undefined ? [] : originsOf(plan, reader.node, input)
    const nodes = new Set(origins.map(({ node }) => node))
    // A map gathers from its own items.
    const isInside = ({ node }: ExecutionRecord): boolean =>
      reader.step === null && node.startsWith(`${reader.node}[`)
    return writers.find((writer) => nodes.has(writer.node) || isInside(writer)) ?? writers[0]!
  }

  #plan(run: string): Promise<PlanScope | undefined> {
    const known = this.#plans.get(run) ?? this.#planOf(run)
    this.#plans.set(run, known)
    return known
  }

  async #original(execution: ExecutionRecord | undefined): Promise<ExecutionRecord | undefined> {
    if (execution?.reused == null) return execution
    return (await this.#source.executionAt(execution.reused.run, execution.reused.node)) ?? execution
  }
}
