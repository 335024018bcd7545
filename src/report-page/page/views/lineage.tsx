import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { shown } from '../../shown.ts'
import type { PageChapter } from '../../page-data.ts'
import { usePage } from '../page-context.ts'
import { Digest } from '../parts/digest.tsx'
import { NodeLink } from '../parts/name.tsx'
import { Time } from '../parts/time.tsx'

/** So many steps back are open at first. */
const openDepth = 3

function What({ chapter }: { readonly chapter: PageChapter }): VNode {
  return (
    <>
      <span class="kind">{chapter.kind}</span> <Digest digest={chapter.digest} />{' '}
      <span class="muted">{chapter.extent}</span>
    </>
  )
}

/** Leads to an artifact, where this page has it. */
function ArtifactOf({ chapter }: { readonly chapter: PageChapter }): VNode | null {
  const { data, panelHref } = usePage()
  const number = data.artifacts.findIndex(
    ({ digest, kind }) => digest === chapter.digest && kind === chapter.kind,
  )
  return number === -1 ? null : (
    <>
      {' '}
      <a href={panelHref({ type: 'artifact', number })}>see the {chapter.kind}</a>
    </>
  )
}

function Making({ chapter }: { readonly chapter: PageChapter }): VNode {
  const { data } = usePage()
  const { making, path } = chapter
  if (making === undefined)
    return (
      <p class="making">
        {path === undefined ? (
          'given to the run'
        ) : (
          <>
            read from <code>{path}</code>
          </>
        )}
        <ArtifactOf chapter={chapter} />
      </p>
    )
  const isHere = making.run === data.run.id
  return (
    <p class="making">
      {making.step === null ? 'gathered by ' : 'made by '}
      {isHere ? <NodeLink path={making.node} /> : <code>{shown(making.node)}</code>}
      {making.step !== null && making.step !== making.node && ` (step ${shown(making.step)})`}
      {!isHere && (
        <>
          {' '}
          in run <code class="id">{making.run}</code>
        </>
      )}
      , <Time iso={making.at} />
      {making.code !== undefined && (
        <>
          , code <Digest digest={making.code} />
        </>
      )}
      {making.params !== undefined && (
        <code class="fields"> {shown(JSON.stringify(making.params), 200)}</code>
      )}
      <ArtifactOf chapter={chapter} />
    </p>
  )
}

function Chapter({
  name,
  number,
  depth,
  above,
}: {
  readonly name: string
  readonly number: number
  readonly depth: number
  readonly above: ReadonlySet<number>
}): VNode {
  const { data } = usePage()
  const [isOpen, setOpen] = useState(depth < openDepth)
  const chapter = data.lineage.chapters[number]!
  const inputs = chapter.making?.inputs ?? []
  const label = (
    <>
      <strong>{name}</strong> <What chapter={chapter} />
    </>
  )
  if (inputs.length === 0)
    return (
      <li>
        <div class="chapter">{label}</div>
        <Making chapter={chapter} />
      </li>
    )
  const inside = new Set([...above, number])
  return (
    <li>
      <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{label}</summary>
        <Making chapter={chapter} />
        {isOpen && (
          <ul>
            {inputs.map(([input, source]) =>
              typeof source === 'string' || inside.has(source) ? (
                <li key={input}>
                  <div class="chapter">
                    <strong>{input}</strong> <code>{typeof source === 'string' ? source : 'see above'}</code>
                  </div>
                </li>
              ) : (
                <Chapter key={input} name={input} number={source} depth={depth + 1} above={inside} />
              ),
            )}
            {chapter.making!.more > 0 && <li class="muted">and {chapter.making!.more} more inputs</li>}
          </ul>
        )}
      </details>
    </li>
  )
}

/** Where the outputs come from, back to sources and code. */
export function LineageView(): VNode {
  const { data } = usePage()
  const { roots, note } = data.lineage
  const [number, setNumber] = useState(0)
  const root = roots[number] ?? roots[0]!
  return (
    <>
      <h2>Lineage</h2>
      <div class="controls">
        <label class="field">
          Where this output comes from
          <select value={number} onChange={(event) => setNumber(Number(event.currentTarget.value))}>
            {roots.map(({ name, chapter }, at) => (
              <option key={name} value={at}>
                {name} ({data.lineage.chapters[chapter]!.kind})
              </option>
            ))}
          </select>
        </label>
        {note !== undefined && <p class="muted">{note}</p>}
      </div>
      <ul class="lineage">
        <Chapter key={number} name={root.name} number={root.chapter} depth={0} above={new Set()} />
      </ul>
    </>
  )
}
