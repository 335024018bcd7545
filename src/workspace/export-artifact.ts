import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createWriteStream } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { directory } from '../artifact/directory.ts'
import { foreignContent } from '../artifact/foreign-model.ts'
import { textPieces, type TextForm } from '../artifact/table-text.ts'
import { fromIpc } from '../artifact/table-read.ts'
import { ColumnTable } from '../artifact/table-value.ts'

const forms: Readonly<Record<string, TextForm>> = { '.csv': 'csv', '.ndjson': 'ndjson', '.jsonl': 'ndjson' }

/** A table as it is stored: an Arrow IPC file. */
const ipcExtensions = new Set(['', '.arrow', '.feather', '.ipc'])

/** The rows of a stored table as CSV or NDJSON, piece by piece. */
export async function* tableText(
  artifact: Artifact,
  blobs: BlobReader,
  form: TextForm,
): AsyncGenerator<string> {
  const { columns, rows } = await fromIpc(await blobs.bytes(artifact))
  yield* textPieces(new ColumnTable(columns, rows, artifact), form)
}

/**
 * Writes a stored value as ordinary files: one file for json, metrics, tables (Arrow; CSV or NDJSON by the target's
 * extension), files and models of one file, a folder for directories, other models, reports and lists. Throws `FILE_EXISTS`, and `CONFIG_INVALID`
 * for a table as what it cannot be written.
 */
export async function exportArtifact(artifact: Artifact, target: string, blobs: BlobReader): Promise<void> {
  if ((await stat(target).catch(() => undefined)) !== undefined) {
    throw new PipewrightError('FILE_EXISTS', `${target} is there already`, {
      fix: 'name another target, or take that one away',
      details: { path: target },
    })
  }
  const extension = extname(target).toLowerCase()
  if (artifact.kind === 'table' && forms[extension] === undefined && !ipcExtensions.has(extension))
    throw new PipewrightError('CONFIG_INVALID', `a table is not written as ${extension}`, {
      fix: 'end the target with .csv, .ndjson, .jsonl, or .arrow (also .feather, .ipc, or nothing)',
      details: { path: target },
    })
  await mkdir(dirname(target), { recursive: true })
  // Beside its place: what is cut off is not taken for whole.
  const partial = `${target}.${process.pid}.partial`
  try {
    await write(artifact, target, partial, blobs)
    await rename(partial, target)
  } catch (error) {
    await rm(partial, { recursive: true, force: true })
    throw error
  }
}

async function write(artifact: Artifact, target: string, partial: string, blobs: BlobReader): Promise<void> {
  const form = forms[extname(target).toLowerCase()]
  const content = await foreignContent(artifact, { blobs })
  if (content !== undefined) await write(content, target, partial, blobs)
  else if (artifact.kind === 'table' && form !== undefined)
    await pipeline(Readable.from(tableText(artifact, blobs, form)), createWriteStream(partial))
  else if (artifact.kind === 'directory') await writeFolder(artifact, partial, blobs)
  else if (artifact.kind === 'model' || artifact.kind === 'report' || artifact.kind === 'list') {
    await mkdir(join(partial, 'parts'), { recursive: true })
    await writeFile(join(partial, 'artifact.json'), `${JSON.stringify(artifact, null, 2)}\n`)
    await blobs.copyTo(artifact, join(partial, 'manifest.json'))
    for (const part of new Set(artifact.parts))
      await blobs.copyTo({ blob: part }, join(partial, 'parts', part.slice(7)))
  } else await blobs.copyTo(artifact, partial)
}

async function writeFolder(artifact: Artifact, partial: string, blobs: BlobReader): Promise<void> {
  await mkdir(partial)
  const handle = await directory().decode(artifact, {
    blobs,
    name: 'content',
    workdir: () => Promise.resolve(partial),
    predictorDigest: () => Promise.reject(new Error('a directory has no predictor')),
  })
  const content = await handle.path()
  const beside = `${partial}.content`
  await rename(content, beside)
  await rm(partial, { recursive: true })
  await rename(beside, partial)
}
