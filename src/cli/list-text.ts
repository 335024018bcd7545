import type { Artifact } from '../artifact/artifact.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { listItems } from '../artifact/list.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** What has the bytes of values: a workspace, or a step that was repeated. */
export type ByteSource = Pick<Workspace, 'bytes'>

function itemsOf(pw: ByteSource, list: Artifact): AsyncIterable<Artifact | null> {
  const blobs = { bytes: (artifact: Pick<Artifact, 'blob'>) => pw.bytes(artifact as Artifact) }
  return listItems(list, { blobs: blobs as BlobReader })
}

function isData(item: Artifact | null): item is Artifact {
  return item?.kind === 'json' || item?.kind === 'metrics'
}

async function dataText(pw: ByteSource, item: Artifact): Promise<string> {
  return Buffer.from(await pw.bytes(item)).toString('utf8')
}

/** A stored list as a JSON array: small data as it is, all else by its record; null for what was skipped. */
export async function* listText(pw: ByteSource, list: Artifact): AsyncGenerator<string> {
  let before = '['
  for await (const item of itemsOf(pw, list)) {
    yield before + (isData(item) ? await dataText(pw, item) : JSON.stringify(item))
    before = ','
  }
  yield before === '[' ? '[]' : ']'
}

/** A stored list of data on one line, no longer than that and an ellipsis; undefined for one of other values. */
export async function shortListText(
  pw: ByteSource,
  list: Artifact,
  longest: number,
): Promise<string | undefined> {
  let text = '['
  for await (const item of itemsOf(pw, list)) {
    if (item !== null && !isData(item)) return undefined
    text += `${text === '[' ? '' : ','}${item === null ? 'null' : await dataText(pw, item)}`
    if (text.length > longest) return `${text.slice(0, longest)}…`
  }
  return `${text}]`
}
