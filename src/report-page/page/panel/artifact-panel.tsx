import type { VNode } from 'preact'
import { sizeText } from '../../../ui/text.ts'
import type { PageArtifact } from '../../page-data.ts'
import { Pairs } from '../parts/pairs.tsx'
import { Section } from '../parts/section.tsx'
import { Preview } from './preview.tsx'

/** What is known of an artifact, and what can be shown of it. */
export function ArtifactPanel({ artifact }: { readonly artifact: PageArtifact }): VNode {
  const { kind, digest, size, mediaType, extent, preview } = artifact
  return (
    <>
      <Pairs
        pairs={[
          ['Kind', kind],
          ['Extent', extent],
          ['Stored', `${sizeText(size)}, ${mediaType}`],
          ['Digest', <code class="id">{digest}</code>],
        ]}
      />
      <Section title="Preview">
        <Preview preview={preview} />
      </Section>
    </>
  )
}
