import type { Digest } from '../internal/digest.ts'
import { own } from '../internal/own.ts'
import type { Json, JsonObject } from '../internal/json.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { Value } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { ExecutionRecord, NamedEdge } from '../record/records.ts'
import { Makers, type MakerSource, type PlanOf, type Reading, type RunPlace } from './makers.ts'
import { firstMakers, groupEdges } from './producers.ts'

/** What `why` needs of the metadata store. */
export type StorySource = MakerSource &
  Pick<MetadataStore, 'artifactNumbers' | 'artifactsByNumber' | 'runsByPrefix'>

/** What went into an execution: an artifact, by its key in {@link Story.artifacts}, or plain data of the plan. */
export type Ingredient =
  | { readonly artifact: string; readonly pick?: readonly (string | number)[] }
  | { readonly value: Json }
  | { readonly list: readonly Ingredient[] }
  | { readonly absent: true }

/** How an artifact was made. */
export interface Making {
  readonly run: string
  readonly pipeline: string
  readonly node: string
  /** Null where a map gathered it. */
  readonly step: string | null
  readonly startedAt: number
  readonly finishedAt: number | null
  /** The code digest of the step, as the run had it. */
  readonly code: Digest | null
  readonly params: JsonObject
  readonly inputs: Readonly<Record<string, Ingredient>>
  /** True when the execution that made it was removed, and this is one that reused it. */
  readonly reused: boolean
}

/** An artifact and where it came from. */
export interface Chapter {
  readonly artifact: Artifact
  /** Null where no recorded step made it: an input of a run. */
  readonly making: Making | null
  /** The path under which an input was given, where it was a file or a directory. */
  readonly path: string | null
}

/** The story of an artifact back to source bytes and code: each artifact once per making, whoever used it. */
export interface Story {
  /** The keys of what was asked for: one, unless kinds share the digest. */
  readonly roots: readonly string[]
  readonly artifacts: Readonly<Record<string, Chapter>>
}

/** An artifact and the execution that made it; undefined for what a run was given. */
interface Made {
  readonly artifact: number
  readonly maker: ExecutionRecord | undefined
  /** The path under which it was given to a run. */
  path: string | null
}

/** What was made from what: `inputs` names what the maker read. */
interface Page extends Made {
  readonly id: string
  readonly inputs: Map<string, string>
}

function contentOf({ kind, digest }: Artifact): string {
  return `${kind} ${digest}`
}

/** The path under which an artifact was given to a run, where it was a file or a directory. */
export function pathOf(artifact: Artifact): string | null {
  const path = artifact.meta?.['path']
  return typeof path === 'string' ? path : (artifact.external?.path ?? null)
}

function isOut(edge: NamedEdge): boolean {
  return edge.direction === 'out'
}

/** What a maker read for one of its outputs: a map gathers each list from edges of the list's name. */
function readingsOf(maker: ExecutionRecord, artifact: number, edges: readonly NamedEdge[]): Reading[] {
  const lists = new Set(
    edges.flatMap((edge) => (isOut(edge) && edge.artifact === artifact ? [edge.name] : [])),
  )
  return edges.flatMap((edge) =>
    isOut(edge) || (maker.step === null && !Object.hasOwn(maker.inputs, edge.name) && !lists.has(edge.name))
      ? []
      : [{ artifact: edge.artifact, reader: maker, input: edge.name }],
  )
}

/** Whether an execution read an artifact itself, and not only an item of it. */
function isRead({ reader, input }: Reading, artifact: Artifact): boolean {
  const value = own(reader.inputs, input)
  return value === undefined || givenPaths([value], new Map(), true).has(contentOf(artifact))
}

/** The paths under which an execution was given artifacts. */
function givenPaths(
  values: Iterable<Value>,
  paths = new Map<string, string>(),
  all = false,
): Map<string, string> {
  for (const value of values) {
    if ('list' in value) givenPaths(value.list, paths, all)
    else if ('artifact' in value) {
      const path = pathOf(value.artifact)
      if (all || path !== null) paths.set(contentOf(value.artifact), path ?? '')
    }
  }
  return paths
}

function ingredient(value: Value, idOf: (artifact: Artifact) => string): Ingredient {
  if ('artifact' in value) {
    const pick = value.pick === undefined ? {} : { pick: value.pick }
    return { artifact: idOf(value.artifact), ...pick }
  }
  return 'list' in value ? { list: value.list.map((item) => ingredient(item, idOf)) } : value
}

/** Collects a story generation by generation. */
class Storyteller {
  readonly #source: StorySource
  readonly #makers: Makers
  readonly #pages: Page[] = []
  readonly #byMaking = new Map<string, Page>()
  readonly #artifacts = new Map<number, Artifact>()
  readonly #contents = new Set<string>()
  readonly #pipelines = new Map<string, string>()

  constructor(source: StorySource, planOf: PlanOf) {
    this.#source = source
    this.#makers = new Makers(source, planOf)
  }

  async tell(roots: readonly number[], place: RunPlace | undefined): Promise<Story> {
    const meant = place === undefined ? undefined : await this.#makers.within(place, roots)
    const first = await firstMakers(this.#source, roots)
    let open = await this.#open(
      roots.map((artifact) => ({ artifact, maker: meant?.get(artifact) ?? first.get(artifact), path: null })),
    )
    const rootIds = open.map(({ id }) => id)
    const gathered = new Map<Page, readonly Reading[]>()
    while (open.length > 0) {
      const numbers = [...new Set(open.flatMap(({ maker }) => (maker === undefined ? [] : [maker.number])))]
      const edges = groupEdges(await this.#source.edgesOf('execution', numbers), 'execution')
      const readings = open.flatMap((page) => {
        if (page.maker === undefined) return []
        const own = readingsOf(page.maker, page.artifact, edges.get(page.maker.number) ?? [])
        gathered.set(page, own)
        return own.map((reading) => ({ page, reading }))
      })
      const makers = await this.#makers.of(readings.map(({ reading }) => reading))
      await this.#load(readings.map(({ reading }) => reading.artifact))
      const next: Page[] = []
      for (const [at, { page, reading }] of readings.entries()) {
        const artifact = this.#artifacts.get(reading.artifact)
        if (artifact === undefined || !isRead(reading, artifact)) continue
        const given = givenPaths(Object.values<Value>(reading.reader.inputs)).get(contentOf(artifact)) ?? null
        const [parent, isNew] = this.#page({ artifact: reading.artifact, maker: makers[at], path: given })
        page.inputs.set(`${contentOf(artifact)} ${reading.input}`, parent.id)
        if (isNew) next.push(parent)
      }
      open = next
    }
    const artifacts: Record<string, Chapter> = {}
    for (const page of this.#pages) artifacts[page.id] = await this.#chapter(page, gathered.get(page) ?? [])
    return { roots: rootIds, artifacts }
  }

  async #open(made: readonly Made[]): Promise<Page[]> {
    await this.#load(made.map(({ artifact }) => artifact))
    return made.flatMap((one) => (this.#artifacts.has(one.artifact) ? [this.#page(one)[0]] : []))
  }

  async #load(numbers: readonly number[]): Promise<void> {
    const unread = [...new Set(numbers)].filter((number) => !this.#artifacts.has(number))
    for (const { number, artifact } of await this.#source.artifactsByNumber(unread))
      this.#artifacts.set(number, artifact)
  }

  /** The page of a making; the first of a content is named by the content alone. */
  #page(made: Made): readonly [page: Page, isNew: boolean] {
    const making = `${made.artifact} ${made.maker?.number ?? ''}`
    const known = this.#byMaking.get(making)
    if (known !== undefined) return [known, false]
    const content = contentOf(this.#artifacts.get(made.artifact)!)
    const { maker } = made
    const id = this.#contents.has(content)
      ? `${content} ${maker === undefined ? 'given' : `of ${maker.run} ${maker.node}`}`
      : content
    this.#contents.add(content)
    const page: Page = { ...made, id, inputs: new Map() }
    this.#byMaking.set(making, page)
    this.#pages.push(page)
    return [page, true]
  }

  async #chapter(page: Page, readings: readonly Reading[]): Promise<Chapter> {
    const artifact = this.#artifacts.get(page.artifact)!
    const { maker } = page
    if (maker === undefined) return { artifact, making: null, path: page.path ?? pathOf(artifact) }
    return {
      artifact,
      path: null,
      making: {
        run: maker.run,
        pipeline: await this.#pipelineOf(maker.run),
        node: maker.node,
        step: maker.step,
        startedAt: maker.startedAt,
        finishedAt: maker.finishedAt,
        code: maker.code,
        params: maker.params,
        inputs: this.#ingredients(page, maker, readings),
        reused: maker.reused !== null,
      },
    }
  }

  #ingredients(page: Page, maker: ExecutionRecord, readings: readonly Reading[]): Record<string, Ingredient> {
    const idOf = (name: string) => (artifact: Artifact) =>
      page.inputs.get(`${contentOf(artifact)} ${name}`) ?? contentOf(artifact)
    const inputs: Record<string, Ingredient> = {}
    for (const name in maker.inputs) inputs[name] = ingredient(maker.inputs[name]!, idOf(name))
    if (maker.step !== null) return inputs
    const lists = new Map<string, Ingredient[]>()
    for (const { artifact, input } of readings) {
      const item = this.#artifacts.get(artifact)
      if (item === undefined || Object.hasOwn(maker.inputs, input)) continue
      const list = lists.get(input) ?? []
      list.push({ artifact: idOf(input)(item) })
      lists.set(input, list)
    }
    for (const [input, list] of lists) inputs[input] = { list }
    return inputs
  }

  async #pipelineOf(run: string): Promise<string> {
    const known = this.#pipelines.get(run)
    if (known !== undefined) return known
    const found = (await this.#source.runsByPrefix(run)).find(({ id }) => id === run)?.pipeline ?? ''
    this.#pipelines.set(run, found)
    return found
  }
}

/**
 * The story of an artifact: the execution that made it first (not one that reused it, nor one that only hands it
 * on), with code and parameters, and the story of each of its inputs as that execution's run was wired, down to
 * the inputs of runs.
 */
export async function why(
  source: StorySource,
  digest: Digest,
  planOf: PlanOf = () => Promise.resolve(undefined),
  place?: RunPlace,
): Promise<Story> {
  return new Storyteller(source, planOf).tell(await source.artifactNumbers(digest), place)
}
