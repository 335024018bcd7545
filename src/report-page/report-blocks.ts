import type { Artifact } from '../artifact/artifact.ts'
import type { ReportManifest, StoredBlock } from '../artifact/report.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { limits, type Budget } from './budget.ts'
import { markdownHtml } from './markdown.ts'
import { shown } from './shown.ts'
import { drawSpec } from './vega.ts'
import type { PageBlock, PagePreview } from './page-data.ts'

const mostRows = 500

/** Bytes as a picture that is part of the page. */
export function dataUri(mediaType: string, bytes: Uint8Array): string {
  // What stands before the comma must not end the address.
  const type = /^image\/[a-z0-9.+-]+$/i.test(mediaType) ? mediaType : 'image/png'
  return `data:${type};base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}`
}

async function blockOf(
  pw: Workspace,
  artifact: Artifact,
  block: StoredBlock,
  pictures: Budget,
): Promise<PageBlock> {
  switch (block.type) {
    case 'markdown':
      return { type: 'markdown', html: await markdownHtml(shown(block.text)) }
    case 'image': {
      const bytes = await pw.bytes({ ...artifact, blob: block.blob })
      if (!pictures.take(bytes.byteLength))
        return { type: 'note', text: `A picture is left out for its size: ${block.alt}` }
      const caption = block.caption === undefined ? {} : { caption: shown(block.caption) }
      return { type: 'image', source: dataUri(block.mediaType, bytes), alt: shown(block.alt), ...caption }
    }
    case 'table': {
      const rows = block.rows.slice(0, mostRows)
      const caption = block.caption === undefined ? {} : { caption: block.caption }
      return {
        type: 'table',
        columns: block.columns,
        rows,
        more: block.rows.length - rows.length,
        ...caption,
      }
    }
    case 'spec': {
      const drawn = await drawSpec(block.spec)
      if ('svg' in drawn) {
        const bytes = Buffer.from(drawn.svg, 'utf8')
        if (pictures.take(bytes.byteLength))
          return {
            type: 'image',
            source: dataUri('image/svg+xml', bytes),
            alt: block.alt ?? 'A chart made of a Vega-Lite specification',
          }
      }
      return {
        type: 'spec',
        text: shown(JSON.stringify(block.spec, undefined, 2), limits.textBytes),
        problem: 'problem' in drawn ? drawn.problem : 'it is too large for this page',
      }
    }
    case 'chart':
    case 'html':
      return block
    default:
      return {
        type: 'note',
        text: `A block of the type ${JSON.stringify((block as { type: unknown }).type)} is not known to this version`,
      }
  }
}

/** A stored report, ready to be shown. */
export async function reportPreview(
  pw: Workspace,
  artifact: Artifact,
  pictures: Budget,
): Promise<PagePreview> {
  const { title, blocks } = JSON.parse(
    Buffer.from(await pw.bytes(artifact)).toString('utf8'),
  ) as ReportManifest
  const drawn: PageBlock[] = []
  for (const block of blocks)
    drawn.push(
      await blockOf(pw, artifact, block, pictures).catch((error: unknown): PageBlock => ({
        type: 'note',
        text: `A block of this report cannot be shown: ${(error as Error).message}`,
      })),
    )
  return { type: 'report', ...(title === undefined ? {} : { title: shown(title) }), blocks: drawn }
}
