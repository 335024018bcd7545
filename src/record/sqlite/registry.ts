import type { ModelVersion } from '../records.ts'
import { appendWorkspace } from './append.ts'
import type { Reader } from './reader.ts'
import type { ModelVersionTable } from './schema.ts'
import type { GroupWriter } from './writer.ts'

/** Registers a model: the version of an equal digest if there is one, else the next. */
export async function registerModel(
  writer: GroupWriter,
  reader: Reader,
  entry: Omit<ModelVersion, 'version' | 'aliases'>,
  alias: string | undefined,
  now: () => number,
): Promise<ModelVersion> {
  const { db, statements } = reader
  const { name, digest } = entry
  return writer.write(() => {
    const [known] = reader.now(
      db.selectFrom('model_versions').selectAll().where('name', '=', name).where('digest', '=', digest),
    )
    let version = known?.version
    if (version === undefined) {
      const [newest] = reader.now(
        db
          .selectFrom('model_versions')
          .select((eb) => eb.fn.max('version').as('version'))
          .where('name', '=', name),
      )
      version = ((newest?.version as number | null | undefined) ?? 0) + 1
      const model = { ...entry, version }
      appendWorkspace(statements, now(), { type: 'model.registered', model, alias: alias ?? null })
    } else if (alias !== undefined && !aliasesOf(reader, name, version).includes(alias))
      appendWorkspace(statements, now(), { type: 'model.aliased', name, alias, version })
    if (known !== undefined) return toVersion(reader, known)
    return { ...entry, version, aliases: aliasesOf(reader, name, version) }
  })
}

function aliasesOf(reader: Reader, name: string, version: number): string[] {
  return reader
    .now(
      reader.db
        .selectFrom('model_aliases')
        .select('alias')
        .where('name', '=', name)
        .where('version', '=', version)
        .orderBy('alias'),
    )
    .map((row) => row.alias)
}

/** Versions of one model or of all, newest first. */
export async function modelVersions(reader: Reader, name?: string): Promise<readonly ModelVersion[]> {
  let query = reader.db
    .selectFrom('model_versions')
    .selectAll()
    .orderBy('registered_at', 'desc')
    .orderBy('name')
    .orderBy('version', 'desc')
  if (name !== undefined) query = query.where('name', '=', name)
  return reader.read(() => reader.now(query).map((row) => toVersion(reader, row)))
}

function toVersion(reader: Reader, { name, version, data }: ModelVersionTable): ModelVersion {
  const model = JSON.parse(data) as Omit<ModelVersion, 'aliases'>
  return { ...model, aliases: aliasesOf(reader, name, version) }
}
