import type { VNode } from 'preact'
import type { Json } from '../../../internal/json.ts'
import { numberText } from '../../../ui/text.ts'
import { shown } from '../../shown.ts'
import type { PageBlock } from '../../page-data.ts'
import { ChartFigure } from '../charts/chart-figure.tsx'
import { Table } from '../parts/table.tsx'
import { HtmlFragment } from './html-fragment.tsx'

function cellText(cell: Json): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return numberText(cell)
  return shown(typeof cell === 'string' ? cell : JSON.stringify(cell))
}

function TableBlock({ block }: { readonly block: Extract<PageBlock, { type: 'table' }> }): VNode {
  const { columns, rows, caption, more } = block
  const numeric = columns.flatMap((_, index) =>
    rows.length > 0 && rows.every((row) => row[index] === null || typeof row[index] === 'number')
      ? [index]
      : [],
  )
  return (
    <figure>
      <Table
        caption={caption === undefined ? 'A table of the report' : shown(caption)}
        head={columns.map((name) => shown(name))}
        numeric={numeric}
        rows={rows.map((row) => row.map(cellText))}
      />
      {(caption !== undefined || more > 0) && (
        <figcaption>
          {caption !== undefined && shown(caption)}
          {more > 0 && ` ${more} more rows.`}
        </figcaption>
      )}
    </figure>
  )
}

function Block({ block }: { readonly block: PageBlock }): VNode {
  switch (block.type) {
    case 'markdown':
      // Made by our renderer, which lets no HTML of the text through; the policy of the page runs no script besides.
      return <div class="markdown" dangerouslySetInnerHTML={{ __html: block.html }} />
    case 'image':
      return (
        <figure>
          <img class="picture" src={block.source} alt={block.alt} />
          {block.caption !== undefined && <figcaption>{block.caption}</figcaption>}
        </figure>
      )
    case 'table':
      return <TableBlock block={block} />
    case 'chart':
      return <ChartFigure data={block.data} title={block.title} />
    case 'spec':
      return (
        <figure>
          <figcaption>A Vega-Lite chart that is not drawn: {block.problem}.</figcaption>
          <details>
            <summary>Specification</summary>
            <pre tabIndex={0}>{block.text}</pre>
          </details>
        </figure>
      )
    case 'html':
      return <HtmlFragment text={block.text} />
    case 'note':
      return <p class="muted">{block.text}</p>
  }
}

/** So many classes do not fit beside another chart. */
const mostBeside = 6

function isWide(block: PageBlock): boolean {
  return (
    block.type === 'chart' && block.data.chart === 'confusion-matrix' && block.data.labels.length > mostBeside
  )
}

/** The blocks of a report; charts stand side by side where there is room. */
export function ReportBlocks({ blocks }: { readonly blocks: readonly PageBlock[] }): VNode {
  return (
    <div class="blocks">
      {blocks.map((block, index) => (
        <div key={index} class={`block block-${block.type}${isWide(block) ? ' block-wide' : ''}`}>
          <Block block={block} />
        </div>
      ))}
    </div>
  )
}
