import { restoreNumbers } from '../artifact/metrics.ts'
import type { Artifact } from '../artifact/artifact.ts'
import { listItems } from '../artifact/list.ts'
import { fromIpc } from '../artifact/table-read.ts'
import { sizeText } from '../ui/text.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { extentOf, type ArtifactIndex } from './artifacts.ts'
import { Budget, limits } from './budget.ts'
import { cellText, spreadOf } from './column-spread.ts'
import { dataUri, reportPreview } from './report-blocks.ts'
import { shown } from './shown.ts'
import type { PageArtifact, PagePreview } from './page-data.ts'

const mostItems = 100
const mostFiles = 500
const texts = /^text\/|^application\/(?:json|xml|yaml|x-yaml|x-ndjson|javascript|sql)(?:;|$)|\+(?:json|xml)$/

function none(reason: string): PagePreview {
  return { type: 'none', reason }
}

/** Metrics with the names of numbers that JSON cannot hold, in the place of their marks. */
function metricsText(stored: string): string {
  return JSON.stringify(restoreNumbers(JSON.parse(stored)), (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  )
}

/** Reads what can be shown of artifacts, as far as the page has room for it. */
export class Previews {
  readonly #pw: Workspace
  readonly #index: ArtifactIndex
  readonly #bytes = new Budget(limits.previewBytes)
  readonly #pictures = new Budget(limits.pictureBytes)

  constructor(pw: Workspace, index: ArtifactIndex) {
    this.#pw = pw
    this.#index = index
  }

  /** All artifacts of the index, those too that its lists name on the way. */
  async all(): Promise<PageArtifact[]> {
    const artifacts: PageArtifact[] = []
    for (const { artifact, from, paths } of this.#index.seen) {
      const preview =
        artifacts.length >= limits.artifacts
          ? none('this run has more artifacts than a page has room for')
          : await this.#preview(artifact, from).catch((error: unknown) =>
              none(`it cannot be read: ${(error as Error).message.split('\n')[0]}`),
            )
      const { kind, digest, size, mediaType } = artifact
      artifacts.push({
        kind,
        digest,
        size,
        mediaType,
        extent: extentOf(artifact),
        from: shown(from),
        ...(paths.size === 0 ? {} : { paths: [...paths].map((path) => shown(path, 300)) }),
        preview,
      })
    }
    return artifacts
  }

  async #preview(artifact: Artifact, from: string): Promise<PagePreview> {
    switch (artifact.kind) {
      case 'json':
      case 'metrics':
      case 'model':
        return this.#json(artifact)
      case 'table':
        return this.#table(artifact)
      case 'report':
        return reportPreview(this.#pw, artifact, this.#pictures)
      case 'list':
        return this.#list(artifact, from)
      case 'directory':
        return this.#files(artifact)
      case 'file':
        return this.#file(artifact)
    }
  }

  async #json(artifact: Artifact): Promise<PagePreview> {
    if (artifact.size > limits.tableBytes) return none(`its ${sizeText(artifact.size)} are not read`)
    const stored = Buffer.from(await this.#pw.bytes(artifact)).toString('utf8')
    const text = artifact.kind === 'metrics' ? metricsText(stored) : stored
    const isCut = text.length > limits.textBytes
    const kept = isCut ? shown(text.slice(0, limits.textBytes)) : text
    if (!this.#bytes.take(kept.length)) return none('the page has no more room for previews')
    return isCut ? { type: 'text', text: kept, cut: true } : { type: 'json', text: kept }
  }

  async #table(artifact: Artifact): Promise<PagePreview> {
    if (artifact.size > limits.tableBytes) return none(`its ${sizeText(artifact.size)} are not read`)
    const bytes = await this.#pw.bytes(artifact)
    const { columns: all, rows } = await fromIpc(Uint8Array.from(bytes))
    const columns = all.slice(0, limits.columns)
    const profiled = Math.min(rows, limits.profiledRows)
    const spreads = columns.map((column) => spreadOf(column, profiled))
    const head = Array.from({ length: Math.min(rows, limits.headRows) }, (_, row) =>
      columns.map((column) => cellText(column, row)),
    )
    const preview: PagePreview = {
      type: 'table',
      rows,
      columns: spreads,
      moreColumns: all.length - columns.length,
      profiled,
      head,
    }
    return this.#bytes.take(JSON.stringify(preview).length)
      ? preview
      : none('the page has no more room for previews')
  }

  async #list(artifact: Artifact, from: string): Promise<PagePreview> {
    const count = Number(artifact.meta?.['count'] ?? 0)
    const items: (number | null)[] = []
    const reader = {
      blobs: { bytes: (one: Pick<Artifact, 'blob'>) => this.#pw.bytes({ ...artifact, ...one }) },
    }
    for await (const item of listItems(artifact, reader as Parameters<typeof listItems>[1])) {
      if (items.length === mostItems) break
      items.push(item === null ? null : this.#index.numberOf(item, `${from}[${items.length}]`))
    }
    return { type: 'list', items, more: count - items.length }
  }

  async #files(artifact: Artifact): Promise<PagePreview> {
    const { files } = JSON.parse(Buffer.from(await this.#pw.bytes(artifact)).toString('utf8')) as {
      files: { path: string; size: number }[]
    }
    const kept = files.slice(0, mostFiles).map(({ path, size }) => ({ path: shown(path), size }))
    return { type: 'files', files: kept, more: files.length - kept.length }
  }

  async #file(artifact: Artifact): Promise<PagePreview> {
    const { mediaType, size, external } = artifact
    if (external !== undefined) return none(`it stays where it is: ${shown(external.path)}`)
    if (mediaType.startsWith('image/')) {
      if (size > limits.pictureBytes / 4 || !this.#pictures.take(size))
        return none(`a picture of ${sizeText(size)}: too large for this page`)
      return { type: 'image', source: dataUri(mediaType, await this.#pw.bytes(artifact)) }
    }
    if (size > limits.tableBytes) return none(`its ${sizeText(size)} are not read`)
    const bytes = await this.#pw.bytes(artifact)
    const start = Buffer.from(bytes.subarray(0, limits.textBytes / 4))
    if (!texts.test(mediaType) && start.includes(0)) return none('its bytes are no text')
    const text = new TextDecoder('utf-8').decode(start)
    if (!this.#bytes.take(text.length)) return none('the page has no more room for previews')
    return { type: 'text', text: shown(text), cut: size > start.byteLength }
  }
}
