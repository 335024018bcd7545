import type { ComponentChildren, VNode } from 'preact'
import { sizeText } from '../../../ui/text.ts'
import type { PageArtifact } from '../../page-data.ts'
import { usePage } from '../page-context.ts'
import { NodeList } from '../parts/node-list.tsx'
import { Pairs } from '../parts/pairs.tsx'
import { Section } from '../parts/section.tsx'
import { Preview } from './preview.tsx'

/** What is known of an artifact, and what can be shown of it. */
export function ArtifactPanel({
  artifact,
  number,
}: {
  readonly artifact: PageArtifact
  readonly number: number
}): VNode {
  const { kind, digest, size, mediaType, extent, paths = [], preview } = artifact
  const { makers, readers } = usePage().usesOf(number)
  const pairs: [string, ComponentChildren][] = [
    ['Kind', kind],
    ['Extent', extent],
    ['Stored', `${sizeText(size)}, ${mediaType}`],
    ['Digest', <code class="id">{digest}</code>],
  ]
  if (paths.length > 0)
    pairs.push([
      'Given as',
      <ul>
        {paths.map((path) => (
          <li key={path}>
            <code>{path}</code>
          </li>
        ))}
      </ul>,
    ])
  if (makers.length > 0) pairs.push(['Made by', <NodeList paths={makers} />])
  if (readers.length > 0) pairs.push(['Read by', <NodeList paths={readers} />])
  return (
    <>
      <Pairs pairs={pairs} />
      <Section title="Preview">
        <Preview preview={preview} />
      </Section>
    </>
  )
}
