import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore, BlobReader } from '../artifact/blob.ts'
import { listItems } from '../artifact/list.ts'
import { isInside } from '../artifact/workdir.ts'
import { isLost } from '../execute/blobs.ts'
import { eventFormat, type RunEvent } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import { goesOn } from './follow.ts'
import { packageVersion } from './version.ts'

/** What a run left, in a folder that another workspace can take in. */
export interface BundleReport {
  readonly run: string
  readonly pipeline: string
  readonly events: number
  /** Stored values, each once. */
  readonly blobs: number
  /** Values that were gone before, and are not in the bundle. */
  readonly missing: readonly Digest[]
}

/** What an import has found. */
export interface ImportReport extends Omit<BundleReport, 'missing'> {
  /** The run was here already: nothing was changed. */
  readonly known: boolean
}

interface Manifest {
  readonly format: 1
  readonly events: number
  readonly eventFormat: number
  readonly pipewright: string
  readonly run: string
  readonly pipeline: string
  readonly blobs: readonly Digest[]
  readonly missing: readonly Digest[]
}

interface Parts {
  readonly metadata: MetadataStore
  readonly store: ArtifactStore
  readonly folder: string
}

/** The folders of a bundle are those of a workspace: `objects/` by digest, `logs/` by run. */
const names = { manifest: 'bundle.json', events: 'events.ndjson' }

async function blobsOf(metadata: MetadataStore, run: string, reader: BlobReader): Promise<Set<Digest>> {
  const digests = new Set<Digest>()
  const add = async (artifact: Artifact): Promise<void> => {
    if (artifact.external !== undefined || digests.has(artifact.blob)) return
    digests.add(artifact.blob)
    for (const part of artifact.parts ?? []) digests.add(part)
    if (artifact.kind !== 'list') return
    try {
      for await (const item of listItems(artifact, { blobs: reader })) if (item !== null) await add(item)
    } catch (error) {
      // A list that is gone is told of as missing, like any other value.
      if (!isLost(error)) throw error
    }
  }
  const detail = (await metadata.detail(run))!
  for (const digest of [detail.plan, ...Object.values(detail.reached), ...Object.values(detail.texts)])
    digests.add(digest)
  for await (const artifact of metadata.artifactsOfRun(run)) await add(artifact)
  return digests
}

function logOf(event: RunEvent): string | undefined {
  if (event.type === 'attempt.failed' || event.type === 'node.verified') return event.log
  return 'facts' in event && !('reused' in event) ? event.facts?.log : undefined
}

/** Writes a run with its values, logs and code into a new folder. Throws `FILE_EXISTS` or `RUN_OWNED`. */
export async function exportRun(
  { metadata, folder }: Parts,
  run: string,
  target: string,
  reader: BlobReader,
): Promise<BundleReport> {
  const [record] = await metadata.runsByPrefix(run)
  if (goesOn(record!.state)) {
    throw new PipewrightError('RUN_OWNED', `run ${run} is going on: what it will leave is not known yet`, {
      fix: 'export it when it has ended',
      details: { run },
    })
  }
  if ((await stat(target).catch(() => undefined)) !== undefined) {
    throw new PipewrightError('FILE_EXISTS', `${target} is there already`, {
      fix: 'name a folder that is not there yet',
      details: { path: target },
    })
  }
  const { openFileStore } = await import('../store/file-store.ts')
  await mkdir(target, { recursive: true })
  const store = await openFileStore(target)
  const missing: Digest[] = []
  const digests = await blobsOf(metadata, run, reader)
  for (const blob of digests) {
    try {
      await store.putStream(reader.stream({ blob }))
    } catch (error) {
      if (!isLost(error)) throw error
      missing.push(blob)
    }
  }
  await store.close()
  // Where the store has put its files together: nothing is left there.
  await rm(join(target, 'tmp'), { recursive: true, force: true })
  let events = 0
  const lines = async function* (): AsyncGenerator<string> {
    for await (const { at, event } of metadata.events(run)) {
      const log = logOf(event)
      if (log !== undefined) {
        await mkdir(dirname(join(target, log)), { recursive: true })
        await copyFile(join(folder, log), join(target, log)).catch(() => undefined)
      }
      events++
      yield `${JSON.stringify({ at, event })}\n`
    }
  }
  await pipeline(Readable.from(lines()), createWriteStream(join(target, names.events)))
  const { pipeline: name } = record!
  const blobs = [...digests].filter((digest) => !missing.includes(digest))
  const manifest: Manifest = {
    format: 1,
    events,
    eventFormat,
    pipewright: packageVersion(),
    run,
    pipeline: name,
    blobs,
    missing,
  }
  // Last: a folder with a manifest is whole.
  await writeFile(join(target, names.manifest), `${JSON.stringify(manifest, null, 2)}\n`)
  return { run, pipeline: name, events, blobs: blobs.length, missing }
}

async function readManifest(source: string): Promise<Manifest> {
  const path = join(source, names.manifest)
  let manifest: Partial<Manifest>
  try {
    manifest = JSON.parse(await readFile(path, 'utf8')) as Partial<Manifest>
  } catch (cause) {
    throw new PipewrightError(
      'SOURCE_UNREADABLE',
      `${source} is no exported run: ${(cause as Error).message}`,
      {
        fix: 'give a folder that `pipewright artifacts export --run` has written',
        cause,
      },
    )
  }
  if (manifest.format === 1 && (manifest.eventFormat ?? 0) <= eventFormat) return manifest as Manifest
  throw new PipewrightError('WORKSPACE_NEWER', `${source} was written by a newer version of Pipewright`, {
    fix: `update Pipewright (the folder is of ${manifest.pipewright ?? 'an unknown version'})`,
  })
}

/**
 * Takes an exported run in: its record, values, lineage and cache entries are then those of this workspace too. A run
 * that is here already is left as it is. Throws `SOURCE_UNREADABLE`, `WORKSPACE_NEWER` or `BLOB_CORRUPT`.
 */
export async function importRun({ metadata, store, folder }: Parts, source: string): Promise<ImportReport> {
  const { run, pipeline: name, events, blobs } = await readManifest(source)
  const report = { run, pipeline: name, events, blobs: blobs.length }
  const known = (await metadata.runsByPrefix(run)).some(({ id }) => id === run)
  if (known) return { ...report, known }
  const { openFileStore } = await import('../store/file-store.ts')
  const bundle = await openFileStore(source)
  // Values before the events that name them.
  for (const blob of blobs) await store.putStream(bundle.stream({ blob }))
  await bundle.close()
  await rm(join(source, 'tmp'), { recursive: true, force: true }).catch(() => undefined)
  const writes: Promise<void>[] = []
  const lines = createInterface({ input: createReadStream(join(source, names.events)), crlfDelay: Infinity })
  for await (const line of lines) {
    const { at, event } = JSON.parse(line) as { readonly at: number; readonly event: RunEvent }
    const log = logOf(event)
    // A bundle may come from anywhere: nothing is written beside the logs.
    if (log !== undefined && isInside(join(folder, 'logs'), join(folder, log))) {
      await mkdir(dirname(join(folder, log)), { recursive: true })
      await copyFile(join(source, log), join(folder, log)).catch(() => undefined)
    }
    writes.push(metadata.append({ run, at, event }))
    if (writes.length >= 1_000) await Promise.all(writes.splice(0))
  }
  await Promise.all(writes)
  return { ...report, known }
}
