import { originsOf } from '../plan/wiring.ts'
import type { PlanGraph } from '../plan/locate.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { ExecutionRecord, NamedEdge } from '../record/records.ts'
import { firstMakers, groupEdges, writersOf } from './producers.ts'

/** What telling makers needs of the metadata store. */
export type MakerSource = Pick<
  MetadataStore,
  'edgesOf' | 'edgesWithin' | 'executionAt' | 'executionsByNumber'
>

/** Gives the scope of the plan that a run executes; undefined where it is gone. */
export type PlanOf = (run: string) => Promise<PlanGraph | undefined>

/** Where something was made: in a run, by any or by one of its nodes. */
export interface RunPlace {
  readonly run: string
  readonly node?: string
}

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
  readonly #plans = new Map<string, Promise<PlanGraph | undefined>>()

  constructor(source: MakerSource, planOf: PlanOf) {
    this.#source = source
    this.#planOf = planOf
  }

  /** The maker of each reading, in their order; undefined for what came from outside. */
  async of(readings: readonly Reading[]): Promise<readonly (ExecutionRecord | undefined)[]> {
    const edges = await this.#edgesWithin(readings)
    const sides = new Map([...edges].map(([key, own]) => [key, sidesOf(own)]))
    const numbers = new Set<number>()
    for (const { writers } of sides.values()) for (const number of writers) numbers.add(number)
    const records = new Map(
      (await this.#source.executionsByNumber([...numbers])).map((record) => [record.number, record]),
    )
    const found: (ExecutionRecord | undefined)[] = []
    const outside: number[] = []
    const originals = new Map<ExecutionRecord, Promise<ExecutionRecord>>()
    for (const [at, reading] of readings.entries()) {
      const maker = await this.#makerOf(reading, sides.get(keyOf(reading)) ?? noSides, records)
      if (maker === undefined) outside.push(at)
      else if (!originals.has(maker)) originals.set(maker, this.#original(maker))
      found.push(maker === undefined ? undefined : await originals.get(maker))
    }
    const first = await firstMakers(this.#source, [...new Set(outside.map((at) => readings[at]!.artifact))])
    for (const at of outside) {
      const { artifact, reader } = readings[at]!
      const maker = first.get(artifact)
      if (maker !== undefined && maker.run !== reader.run && maker.number < reader.number) found[at] = maker
    }
    return found
  }

  /**
   * The executions that made artifacts in a run, or those whose results it reused there; none for what the run was
   * given. Of several that gave the same the named node, else the last.
   */
  async within(
    { run, node }: RunPlace,
    artifacts: readonly number[],
  ): Promise<ReadonlyMap<number, ExecutionRecord>> {
    const edges = groupEdges(await this.#source.edgesWithin(run, artifacts), 'artifact')
    const found = new Map<number, ExecutionRecord>()
    for (const artifact of artifacts) {
      const records = await this.#source.executionsByNumber(writersOf(edges.get(artifact) ?? []))
      const meant = records.find((record) => record.node === node) ?? records.at(-1)
      if (meant !== undefined) found.set(artifact, await this.#original(meant))
    }
    return found
  }

  /** The edges of each artifact within the runs that read it, by {@link keyOf}. */
  async #edgesWithin(readings: readonly Reading[]): Promise<ReadonlyMap<string, readonly NamedEdge[]>> {
    const runs = new Map<string, Set<number>>()
    for (const { artifact, reader } of readings)
      runs.set(reader.run, (runs.get(reader.run) ?? new Set()).add(artifact))
    const found = new Map<string, readonly NamedEdge[]>()
    for (const [run, artifacts] of runs) {
      const edges = groupEdges(await this.#source.edgesWithin(run, [...artifacts]), 'artifact')
      for (const [artifact, own] of edges) found.set(`${run} ${artifact}`, own)
    }
    return found
  }

  /** The execution of the reader's own run that made what it read, as the run is wired. */
  async #makerOf(
    { artifact, reader, input }: Reading,
    { readers, writers }: Sides,
    records: ReadonlyMap<number, ExecutionRecord>,
  ): Promise<ExecutionRecord | undefined> {
    const plan = await this.#plan(reader.run)
    const origins = plan === undefined ? [] : originsOf(plan, reader.node, input)
    const isOrigin = (at: string): boolean =>
      origins.some(({ node, inside }) => (inside ? at.startsWith(`${node}[`) : at === node))
    for (const number of writers) {
      const record = records.get(number)
      if (record === undefined) continue
      // A map gathers from its own items.
      const isGathered = reader.step === null && record.node.startsWith(`${reader.node}[`)
      const isMeant =
        plan === undefined ? reader.step !== null && number < reader.number : isOrigin(record.node)
      if (!isGathered && !isMeant) continue
      // One that only hands on what it took is not its maker.
      const taken = isGathered ? undefined : readers.get(number)
      return taken === undefined
        ? record
        : this.#makerOf({ artifact, reader: record, input: taken }, { readers, writers }, records)
    }
    // The item of a list that a step returned was written as that list; what has no origin was given to the run.
    for (const { node, inside } of origins) {
      if (inside) continue
      const record = await this.#source.executionAt(reader.run, node)
      if (record?.state === 'succeeded' && record.step !== null) return record
    }
    return undefined
  }

  #plan(run: string): Promise<PlanGraph | undefined> {
    const known = this.#plans.get(run) ?? this.#planOf(run)
    this.#plans.set(run, known)
    return known
  }

  async #original(execution: ExecutionRecord): Promise<ExecutionRecord> {
    if (execution.reused === null) return execution
    return (await this.#source.executionAt(execution.reused.run, execution.reused.node)) ?? execution
  }
}

function keyOf({ artifact, reader }: Reading): string {
  return `${reader.run} ${artifact}`
}

/** Who wrote an artifact, in order, and who read it, under which name. */
interface Sides {
  readonly writers: readonly number[]
  readonly readers: ReadonlyMap<number, string>
}

const noSides: Sides = { writers: [], readers: new Map() }

function sidesOf(edges: readonly NamedEdge[]): Sides {
  const readers = new Map<number, string>()
  const writers = new Set<number>()
  for (const { direction, execution, name } of edges) {
    if (direction === 'in') readers.set(execution, name)
    else writers.add(execution)
  }
  return { readers, writers: [...writers].sort((a, b) => a - b) }
}
