import { canonicalJson } from '../internal/canonical.ts'
import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from './artifact.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'
import { blockProblem, type ReportBlock } from './report-block.ts'
import { issueLines } from './schema.ts'
import { artifactMark, artifactOf, kindOf, type Stored } from './stored.ts'

/**
 * Something to be read or looked at: Markdown, tables, charts, pictures, Vega-Lite specifications, HTML fragments.
 *
 * @example
 * ```ts
 * ctx.report({ title: 'Data', blocks: [{ type: 'markdown', text: `**${rows.length}** rows` }] })
 * ```
 */
export interface Report {
  readonly title?: string
  readonly blocks: readonly ReportBlock[]
}

/**
 * A report as a step receives it.
 *
 * @example
 * ```ts
 * const { title, blocks } = await summary.read()
 * ```
 */
export interface ReportHandle extends Stored<'report'> {
  readonly digest: Digest
  /** The report; pictures as bytes. */
  read(): Promise<Report>
}

/** A block as it is stored: pictures are blobs of their own. */
export type StoredBlock =
  | Exclude<ReportBlock, { type: 'image' }>
  | {
      readonly type: 'image'
      readonly mediaType: string
      readonly alt: string
      readonly caption?: string
      readonly blob: Digest
    }

/** What is stored of a report. */
export interface ReportManifest {
  readonly title?: string
  readonly blocks: readonly StoredBlock[]
}

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
    const stored = JSON.parse(
      Buffer.from(await blobs.bytes(this.#artifact)).toString('utf8'),
    ) as ReportManifest
    const blocks: ReportBlock[] = []
    for (const block of stored.blocks) {
      if (block.type !== 'image') blocks.push(block)
      else {
        const { blob, ...image } = block
        blocks.push({ ...image, data: await blobs.bytes({ blob }) })
      }
    }
    return { ...(stored.title === undefined ? {} : { title: stored.title }), blocks }
  }

  get [artifactMark](): Artifact {
    return this.#artifact
  }
}

class ReportKind implements Kind<ReportHandle, Report | ReportHandle> {
  readonly [kindMark] = true
  readonly name = 'report'

  declare(): KindDeclaration {
    return { kind: 'report' }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    const artifact = artifactOf(value, 'report')
    if (artifact !== undefined) return artifact
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
      const { mediaType, alt, caption } = block
      blocks.push({
        type: 'image',
        mediaType,
        alt,
        ...(caption === undefined ? {} : { caption }),
        blob: digest,
      })
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
 * export const assess = defineStep({
 *   name: 'assess',
 *   inputs: { labels: z.array(z.boolean()), scores: z.array(z.number()) },
 *   outputs: { summary: report() },
 *   run: ({ labels, scores }) => ({ summary: { title: 'Evaluation', blocks: [rocCurve(labels, scores)] } }),
 * })
 * ```
 */
export function report(): Kind<ReportHandle, Report | ReportHandle> {
  return new ReportKind()
}
