import type { VNode } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { sizeText } from '../../../ui/text.ts'
import { usePage } from '../page-context.ts'
import { Digest } from '../parts/digest.tsx'
import { VirtualTable } from '../parts/virtual-table.tsx'

/** Every artifact that the run has used or made. */
export function ArtifactsView(): VNode {
  const { data, panelHref } = usePage()
  const [text, setText] = useState('')
  const [kind, setKind] = useState('')
  const kinds = [...new Set(data.artifacts.map((artifact) => artifact.kind))].toSorted()
  const items = useMemo(() => {
    const wanted = text.toLowerCase()
    return data.artifacts
      .map((artifact, number) => ({ artifact, number }))
      .filter(
        ({ artifact }) =>
          (kind === '' || artifact.kind === kind) &&
          (wanted === '' || artifact.from.toLowerCase().includes(wanted) || artifact.digest.includes(wanted)),
      )
  }, [text, kind])
  return (
    <>
      <h2>Artifacts</h2>
      <div class="controls">
        <label class="field">
          Name or digest contains
          <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <label class="field">
          Kind
          <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            <option value="">any</option>
            {kinds.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
        <p role="status" class="muted">
          {items.length.toLocaleString('en')} of {data.artifacts.length.toLocaleString('en')}
        </p>
      </div>
      <VirtualTable
        label="Artifacts of the run"
        items={items}
        keyOf={({ number }) => String(number)}
        columns={[
          { title: 'Kind', width: '6rem', cell: ({ artifact }) => <span class="kind">{artifact.kind}</span> },
          {
            title: 'From',
            width: 'minmax(0, 2fr)',
            cell: ({ artifact, number }) => (
              <a href={panelHref({ type: 'artifact', number })}>{artifact.from}</a>
            ),
          },
          { title: 'Extent', width: '8rem', numeric: true, cell: ({ artifact }) => artifact.extent },
          {
            title: 'Stored',
            width: '6rem',
            numeric: true,
            wide: true,
            cell: ({ artifact }) => sizeText(artifact.size),
          },
          {
            title: 'Digest',
            width: '8rem',
            wide: true,
            cell: ({ artifact }) => <Digest digest={artifact.digest} />,
          },
        ]}
      />
    </>
  )
}
