import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { RunRecord } from '../record/records.ts'

/** So many of the latest runs are looked at for one that was meant. */
const looked = 200
/** Ids that are shorter tell too little to be taken for another one. */
const telling = 6

/** The error for a run id, or the start of one, that names none or several; the nearest ones are in it. */
export async function runNotFound(
  metadata: Pick<MetadataStore, 'runs'>,
  given: string,
  found: readonly RunRecord[],
): Promise<PipewrightError> {
  const many = found.length > 1 && given !== ''
  const latest = (await metadata.runs({ limit: looked })).items
  const candidates = many ? latest.filter(({ id }) => id.startsWith(given)) : []
  const options = (candidates.length > 1 ? candidates : found).slice(0, 5)
  const details = { run: given, candidates: options.map(({ id }) => id) }
  if (many) {
    const lines = options.map(({ id, pipeline, state }) => `${id} (${pipeline}, ${state})`)
    return new PipewrightError('RUN_NOT_FOUND', `several runs start with '${given}'`, {
      fix: `give more of the id: ${lines.join(', ')}`,
      details,
    })
  }
  const starts = new Map(latest.map(({ id }) => [id.slice(0, given.length), id]))
  const close = given.length < telling ? undefined : nearest(given, starts.keys())
  const meant = close === undefined ? undefined : starts.get(close)
  return new PipewrightError('RUN_NOT_FOUND', `there is no run '${given}'`, {
    fix: meant === undefined ? 'see `pipewright runs`' : `did you mean ${meant}? (see \`pipewright runs\`)`,
    details: { run: given, candidates: meant === undefined ? [] : [meant] },
  })
}
