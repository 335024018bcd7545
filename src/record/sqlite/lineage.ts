import { sql } from 'kysely'
import type { Digest } from '../../internal/digest.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import type { ArtifactEdge, NamedEdge, NumberedArtifact } from '../records.ts'
import { pageSize, type Reader } from './reader.ts'

const edgePage = 20_000

/**
 * Every edge after a place. A page comes as JSON lists: parsing those is several times faster than
 * fetching rows of objects from either engine.
 */
export async function* edgesAfter(reader: Reader, after: number): AsyncGenerator<ArtifactEdge> {
  const { db } = reader
  for (let place = after; ;) {
    const page = db
      .selectFrom('edges')
      .innerJoin('executions', 'executions.number', 'edges.execution')
      .select(['edges.number', 'edges.execution', 'executions.run', 'edges.artifact', 'edges.direction'])
      .where('edges.number', '>', place)
      .orderBy('edges.number')
      .limit(edgePage)
      .as('page')
    const [row] = await reader.all(
      db
        .selectFrom(page)
        .select([
          sql<string>`json_group_array(number)`.as('numbers'),
          sql<string>`json_group_array(execution * 2 + (direction = 'out'))`.as('ends'),
          sql<string>`json_group_array(artifact)`.as('artifacts'),
          sql<string>`json_group_array(run)`.as('runs'),
        ]),
    )
    const numbers = JSON.parse(row!.numbers) as number[]
    const ends = JSON.parse(row!.ends) as number[]
    const artifacts = JSON.parse(row!.artifacts) as number[]
    const runs = JSON.parse(row!.runs) as string[]
    for (let at = 0; at < numbers.length; at++) {
      const end = ends[at]!
      yield {
        number: numbers[at]!,
        execution: Math.floor(end / 2),
        run: runs[at]!,
        artifact: artifacts[at]!,
        direction: end % 2 === 1 ? 'out' : 'in',
      }
    }
    if (numbers.length < edgePage) return
    place = numbers.at(-1)!
  }
}

/** The named edges of some executions or artifacts. */
export async function edgesOf(
  reader: Reader,
  side: 'execution' | 'artifact',
  numbers: readonly number[],
): Promise<readonly NamedEdge[]> {
  const edges: NamedEdge[] = []
  for (let at = 0; at < numbers.length; at += pageSize) {
    const page = numbers.slice(at, at + pageSize)
    // Not spread into `push`: a popular value has more edges than a call takes arguments.
    for (const edge of await reader.all(reader.db.selectFrom('edges').selectAll().where(side, 'in', page)))
      edges.push(edge)
  }
  return edges.sort((a, b) => a.number - b.number)
}

/** The named edges of some artifacts to and from the executions of one run. */
export async function edgesWithin(
  reader: Reader,
  run: string,
  artifacts: readonly number[],
): Promise<readonly NamedEdge[]> {
  const edges: NamedEdge[] = []
  for (let at = 0; at < artifacts.length; at += pageSize) {
    const page = artifacts.slice(at, at + pageSize)
    const found = await reader.all(
      reader.db
        .selectFrom('edges')
        .innerJoin('executions', 'executions.number', 'edges.execution')
        .selectAll('edges')
        .where('edges.artifact', 'in', page)
        .where('executions.run', '=', run),
    )
    for (const edge of found) edges.push(edge)
  }
  return edges.sort((a, b) => a.number - b.number)
}

/** Artifacts by their numbers, in the order asked for. */
export async function artifactsByNumber(
  reader: Reader,
  numbers: readonly number[],
): Promise<readonly NumberedArtifact[]> {
  const records: NumberedArtifact[] = []
  for (let at = 0; at < numbers.length; at += pageSize) {
    const page = numbers.slice(at, at + pageSize)
    const rows = await reader.all(
      reader.db.selectFrom('artifacts').select(['number', 'data']).where('number', 'in', page),
    )
    const byNumber = new Map(rows.map((row) => [row.number, row.data]))
    for (const number of page) {
      const data = byNumber.get(number)
      if (data !== undefined) records.push({ number, artifact: JSON.parse(data) as Artifact })
    }
  }
  return records
}

/** The records with a content digest, with their numbers. */
export async function artifactsByDigest(
  reader: Reader,
  digest: Digest,
): Promise<readonly NumberedArtifact[]> {
  const rows = await reader.all(
    reader.db
      .selectFrom('artifacts')
      .select(['number', 'data'])
      .where('digest', '=', digest)
      .orderBy('number'),
  )
  return rows.map((row) => ({ number: row.number, artifact: JSON.parse(row.data) as Artifact }))
}

/** The records of the first digests that start with a text. */
export async function artifactsByPrefix(reader: Reader, prefix: string): Promise<readonly Artifact[]> {
  const digests = reader.db
    .selectFrom('artifacts')
    .select('digest')
    .distinct()
    .where('digest', '>=', prefix as Digest)
    .where('digest', '<', `${prefix}\u{10ffff}` as Digest)
    .orderBy('digest')
    .limit(10)
  const rows = await reader.all(
    reader.db.selectFrom('artifacts').select('data').where('digest', 'in', digests).orderBy('number'),
  )
  return rows.map(({ data }) => JSON.parse(data) as Artifact)
}

/** The count of changes other than new edges. */
export async function lineageGeneration(reader: Reader): Promise<number> {
  const [row] = await reader.all(
    reader.db.selectFrom('counters').select('value').where('name', '=', 'lineage'),
  )
  return row?.value ?? 0
}
