import type { WorkspaceEvent } from '../workspace-event.ts'
import { decodeEvent } from './codec.ts'
import { project, projectWorkspace } from './project.ts'
import { pageSize, type Reader } from './reader.ts'
import { projections } from './schema.ts'
import type { GroupWriter } from './writer.ts'

/** Drops all projections and folds the whole log again, in one transaction. */
export function rebuild(writer: GroupWriter, reader: Reader): Promise<void> {
  const { db, statements } = reader
  return writer.write(() => {
    for (const table of projections) reader.now(db.deleteFrom(table))
    let after = 0
    for (;;) {
      const page = reader.now(
        db.selectFrom('events').selectAll().where('seq', '>', after).orderBy('seq').limit(pageSize),
      )
      for (const { seq, run, at, format, data } of page) {
        if (run === '') projectWorkspace(statements, JSON.parse(data) as WorkspaceEvent)
        else project(statements, { seq, run, at }, decodeEvent(format, data))
        after = seq
      }
      if (page.length < pageSize) break
    }
    statements.bumpCounter.run({ name: 'lineage' })
  })
}
