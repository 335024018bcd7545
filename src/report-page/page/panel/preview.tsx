import type { VNode } from 'preact'
import type { Json } from '../../../internal/json.ts'
import { sizeText } from '../../../ui/text.ts'
import type { PagePreview } from '../../page-data.ts'
import { JsonTree } from '../parts/json-tree.tsx'
import { Table } from '../parts/table.tsx'
import { ArtifactLink } from '../parts/value.tsx'
import { ReportBlocks } from './report-blocks.tsx'
import { TablePreview } from './table-preview.tsx'

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

function JsonPreview({ text }: { readonly text: string }): VNode {
  const value = parsed(text)
  return value === undefined ? <pre tabIndex={0}>{text}</pre> : <JsonTree value={value} />
}

/** What can be shown of an artifact. */
export function Preview({ preview }: { readonly preview: PagePreview }): VNode {
  switch (preview.type) {
    case 'json':
      return <JsonPreview text={preview.text} />
    case 'text':
      return (
        <>
          <pre tabIndex={0}>{preview.text}</pre>
          {preview.cut && <p class="muted">Only the start is shown.</p>}
        </>
      )
    case 'table':
      return <TablePreview preview={preview} />
    case 'image':
      return <img class="picture" src={preview.source} alt="The picture itself" />
    case 'report':
      return (
        <>
          {preview.title !== undefined && <h4>{preview.title}</h4>}
          <ReportBlocks blocks={preview.blocks} />
        </>
      )
    case 'files':
      return (
        <>
          <Table
            caption="Files"
            head={['path', 'size']}
            numeric={[1]}
            rows={preview.files.map(({ path, size }) => [path, sizeText(size)])}
          />
          {preview.more > 0 && <p class="muted">and {preview.more} more</p>}
        </>
      )
    case 'list':
      return (
        <>
          <ol start={0} class="items">
            {preview.items.map((item, index) => (
              <li key={index}>
                {item === null ? <span class="muted">none (skipped)</span> : <ArtifactLink number={item} />}
              </li>
            ))}
          </ol>
          {preview.more > 0 && <p class="muted">and {preview.more} more</p>}
        </>
      )
    case 'none':
      return <p class="muted">Not shown: {preview.reason}.</p>
  }
}
