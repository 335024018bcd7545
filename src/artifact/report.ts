import { canonicalJson } from '../internal/canonical.ts'
import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import type { Artifact } from './artifact.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'
import { issueLines } from './schema.ts'
import { kindOf, type Stored } from './stored.ts'

/** A part of a report. */
export type ReportBlock =
  | { readonly type: 'markdown'; readonly text: string }
  | {
      readonly type: 'image'
      readonly mediaType: string
      readonly data: string | Uint8Array
      readonly alt: string
    }
  | { readonly type: 'spec'; readonly format: 'vega-lite'; readonly spec: Json }
  | { readonly type: 'html'; readonly text: string }

/** Something to be read or looked at: Markdown, pictures, Vega-Lite specifications, HTML fragments. */
export interface Report {
  readonly title?: string
  readonly blocks: readonly ReportBlock[]
}

/** A report as a step receives it. */
export interface ReportHandle extends Stored<'report'> {
  readonly digest: Digest
  /** The report; pictures as bytes. */
  read(): Promise<Report>
}

type StoredBlock =
  | Exclude<ReportBlock, { type: 'image' }>
  | { type: 'image'; mediaType: string; alt: string; blob: Digest }

class StoredReport implements ReportHandle {
  readonly [kindOf] = 'report'
  readonly #artifact: Artifact
  readonly #context: DecodeContext

  constructor(artifact: Artifact, context: DecodeContext) {
    this.#artifact = artifact
    this.#context = context
  }

  get digest(): Digest {
    return this.#artifact.digest
  }

  async read(): Promise<Report> {
    const { blobs } = this.#context
    const stored = JSON.parse(Buffer.from(await blobs.bytes(this.#artifact)).toString('utf8')) as {
      title?: string
      blocks: StoredBlock[]
    }
    const blocks: ReportBlock[] = []
    for (const block of stored.blocks) {
      if (block.type !== 'image') blocks.push(block)
      else
        blocks.push({
          type: 'image',
          mediaType: block.mediaType,
          alt: block.alt,
          data: await blobs.bytes({ blob: block.blob }),
        })
    }
    return { ...(stored.title === undefined ? {} : { title: stored.title }), blocks }
  }

  static artifactOf(report: StoredReport): Artifact {
    return report.#artifact
  }
}

/** What is wrong with a block, or undefined. */
function blockProblem(block: unknown): string | undefined {
  if (typeof block !== 'object' || block === null) return 'is no block'
  const { type, text, mediaType, alt, data, format, spec } = block as Record<string, unknown>
  switch (type) {
    case 'markdown':
    case 'html':
      return typeof text === 'string' ? undefined : 'needs a text'
    case 'image':
      if (typeof mediaType !== 'string' || typeof alt !== 'string') return 'needs a mediaType and an alt text'
      if (typeof data === 'string' && mediaType !== 'image/svg+xml') return 'needs its data as bytes'
      return typeof data === 'string' || data instanceof Uint8Array
        ? undefined
        : 'needs data: bytes, or the text of an SVG'
    case 'spec':
      return format === 'vega-lite' && spec !== undefined
        ? undefined
        : "needs a spec, with format 'vega-lite'"
    default:
      return `has the type ${JSON.stringify(type) ?? 'undefined'}; known: markdown, image, spec, html`
  }
}

class ReportKind implements Kind<ReportHandle, Report | ReportHandle> {
  readonly [kindMark] = true
  readonly name = 'report'

  declare(): KindDeclaration {
    return { kind: 'report' }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    if (value instanceof StoredReport) return StoredReport.artifactOf(value)
    if (typeof value !== 'object' || value === null || !Array.isArray((value as Partial<Report>).blocks)) {
      throw new PipewrightError('OUTPUT_INVALID', 'the value is no report', {
        fix: "return { title, blocks: [{ type: 'markdown', text }] }",
      })
    }
    const report = value as Report
    const problems = report.blocks.flatMap((block, index) => {
      const message = blockProblem(block)
      return message === undefined ? [] : [{ path: `.blocks[${index}]`, message }]
    })
    if (report.title !== undefined && typeof report.title !== 'string')
      problems.push({ path: '.title', message: 'is no text' })
    if (problems.length > 0) {
      throw new PipewrightError('OUTPUT_INVALID', `the report is not complete:\n${issueLines(problems)}`, {
        details: { issues: problems },
      })
    }
    const blocks: StoredBlock[] = []
    const parts = new Set<Digest>()
    for (const block of report.blocks) {
      if (block.type !== 'image') {
        blocks.push(block)
        continue
      }
      const data = typeof block.data === 'string' ? Buffer.from(block.data, 'utf8') : block.data
      const { digest } = await context.blobs.put(data)
      parts.add(digest)
      blocks.push({ type: 'image', mediaType: block.mediaType, alt: block.alt, blob: digest })
    }
    const manifest = { ...(report.title === undefined ? {} : { title: report.title }), blocks }
    const blob = await context.blobs.put(Buffer.from(canonicalJson(manifest), 'utf8'))
    return {
      kind: 'report',
      digest: blob.digest,
      blob: blob.digest,
      size: blob.size,
      mediaType: 'application/vnd.pipewright.report+json',
      meta: { blocks: blocks.length, ...(report.title === undefined ? {} : { title: report.title }) },
      parts: [...parts],
    }
  }

  decode(artifact: Artifact, context: DecodeContext): Promise<ReportHandle> {
    return Promise.resolve(new StoredReport(artifact, context))
  }
}

/**
 * Something to be read or looked at, stored with the run.
 *
 * @example
 * ```ts
 * outputs: { summary: report() }
 * // run: return { summary: { title: 'Evaluation', blocks: [{ type: 'markdown', text: '# AUC 0.99' }] } }
 * ```
 */
export function report(): Kind<ReportHandle, Report | ReportHandle> {
  return new ReportKind()
}
