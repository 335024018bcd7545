import type { Digest } from '../internal/digest.ts'
import type { Json, JsonObject } from '../internal/json.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { Value } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { ExecutionRecord, NamedEdge } from '../record/records.ts'
import { groupEdges, producers } from './producers.ts'

/** What `why` needs of the metadata store. */
export type StorySource = Pick<
  MetadataStore,
  'artifactNumbers' | 'artifactsByNumber' | 'edgesOf' | 'executionsByNumber' | 'runsByPrefix'
>

/** What went into an execution: an artifact, by its key in {@link Story.artifacts}, or plain data of the plan. */
export type Ingredient =
  | { readonly artifact: string; readonly pick?: readonly (string | number)[] }
  | { readonly value: Json }
  | { readonly list: readonly Ingredient[] }
  | { readonly absent: true }

/** How an artifact was first made. */
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

/** The story of an artifact back to source bytes and code: each artifact once, whoever used it. */
export interface Story {
  /** The keys of what was asked for: one, unless kinds share the digest. */
  readonly roots: readonly string[]
  readonly artifacts: Readonly<Record<string, Chapter>>
}

function keyOf({ kind, digest }: Artifact): string {
  return `${kind} ${digest}`
}

function pathOf(artifact: Artifact): string | null {
  const path = artifact.meta?.['path']
  return typeof path === 'string' ? path : (artifact.external?.path ?? null)
}

/** A value as an ingredient; the path under which this very run was given it is noted. */
function ingredient(value: Value, paths: Map<string, string>): Ingredient {
  if ('artifact' in value) {
    const path = pathOf(value.artifact)
    if (path !== null && !paths.has(keyOf(value.artifact))) paths.set(keyOf(value.artifact), path)
    const pick = value.pick === undefined ? {} : { pick: value.pick }
    return { artifact: keyOf(value.artifact), ...pick }
  }
  return 'list' in value ? { list: value.list.map((item) => ingredient(item, paths)) } : value
}

function inputsOf(
  execution: ExecutionRecord,
  artifact: number,
  edges: readonly NamedEdge[],
  artifacts: ReadonlyMap<number, Artifact>,
  paths: Map<string, string>,
): Record<string, Ingredient> {
  const inputs: Record<string, Ingredient> = {}
  for (const name in execution.inputs) inputs[name] = ingredient(execution.inputs[name]!, paths)
  if (execution.step !== null) return inputs
  // A map records what each of its lists was gathered from as edges of the list's name.
  const lists = new Set(
    edges.flatMap((edge) => (isOut(edge) && edge.artifact === artifact ? [edge.name] : [])),
  )
  for (const name of lists) {
    const items = edges.flatMap((edge) => {
      const item = !isOut(edge) && edge.name === name ? artifacts.get(edge.artifact) : undefined
      return item === undefined ? [] : [{ artifact: keyOf(item) }]
    })
    if (items.length > 0) inputs[name] = { list: items }
  }
  return inputs
}

function isOut(edge: NamedEdge): boolean {
  return edge.direction === 'out'
}

/** Artifact numbers that an execution's ingredients for one artifact stand for. */
function parentsOf(execution: ExecutionRecord, artifact: number, edges: readonly NamedEdge[]): number[] {
  const lists = new Set(
    edges.flatMap((edge) => (isOut(edge) && edge.artifact === artifact ? [edge.name] : [])),
  )
  return edges.flatMap((edge) =>
    isOut(edge) || (execution.step === null && !(edge.name in execution.inputs) && !lists.has(edge.name))
      ? []
      : [edge.artifact],
  )
}

/**
 * The story of an artifact: the execution that made it first (not one that reused it, nor one that only hands it
 * on), with code and parameters, and the story of each of its inputs, down to the inputs of runs.
 */
export async function why(source: StorySource, digest: Digest): Promise<Story> {
  const chapters: Record<string, Chapter> = {}
  const pipelines = new Map<string, string>()
  const pipelineOf = async (run: string): Promise<string> => {
    const known = pipelines.get(run)
    if (known !== undefined) return known
    const found = (await source.runsByPrefix(run)).find(({ id }) => id === run)
    pipelines.set(run, found?.pipeline ?? '')
    return found?.pipeline ?? ''
  }
  const roots = await source.artifactNumbers(digest)
  const artifacts = new Map<number, Artifact>()
  const paths = new Map<string, string>()
  const seen = new Set(roots)
  for (let generation: readonly number[] = roots; generation.length > 0;) {
    const making = await producers(source, generation)
    const executions = [...new Set([...making.values()].map(({ number }) => number))]
    const edges = groupEdges(await source.edgesOf('execution', executions), 'execution')
    const next: number[] = []
    for (const number of generation) {
      const execution = making.get(number)
      if (execution === undefined) continue
      for (const parent of parentsOf(execution, number, edges.get(execution.number) ?? [])) {
        if (seen.has(parent)) continue
        seen.add(parent)
        next.push(parent)
      }
    }
    const unread = [...generation.filter((number) => !artifacts.has(number)), ...next]
    for (const { number, artifact } of await source.artifactsByNumber(unread)) artifacts.set(number, artifact)
    for (const number of generation) {
      const artifact = artifacts.get(number)
      if (artifact === undefined) continue
      const execution = making.get(number)
      chapters[keyOf(artifact)] = {
        artifact,
        path: execution === undefined ? (paths.get(keyOf(artifact)) ?? pathOf(artifact)) : null,
        making:
          execution === undefined
            ? null
            : {
                run: execution.run,
                pipeline: await pipelineOf(execution.run),
                node: execution.node,
                step: execution.step,
                startedAt: execution.startedAt,
                finishedAt: execution.finishedAt,
                code: execution.code,
                params: execution.params,
                inputs: inputsOf(execution, number, edges.get(execution.number) ?? [], artifacts, paths),
                reused: execution.reused !== null,
              },
      }
    }
    generation = next
  }
  const keys = roots.flatMap((number) => {
    const artifact = artifacts.get(number)
    return artifact === undefined ? [] : [keyOf(artifact)]
  })
  return { roots: keys, artifacts: chapters }
}
