import type { VNode } from 'preact'
import type { PageArtifact, PageValue, PageValues } from '../../page-data.ts'
import { numberText } from '../../../ui/text.ts'
import { shown } from '../../shown.ts'
import type { Json } from '../../../internal/json.ts'
import { Digest } from './digest.tsx'
import { JsonTree } from './json-tree.tsx'
import { usePage } from '../page-context.ts'

const longest = 90

/** Metrics as names with numbers that can be read. */
function MetricsText({ text }: { readonly text: string }): VNode {
  const record = JSON.parse(text) as Readonly<Record<string, unknown>>
  return (
    <span class="metrics">
      {Object.entries(record).map(([name, value]) => (
        <span key={name}>
          <span class="muted">{shown(name)}</span>{' '}
          {typeof value === 'number'
            ? numberText(value)
            : shown(typeof value === 'string' ? value : JSON.stringify(value), 40)}
        </span>
      ))}
    </span>
  )
}

/** Small data as it is; undefined where its kind and size say more. */
function inlineText({ kind, preview }: PageArtifact): string | undefined {
  if (preview.type !== 'json' || kind === 'model' || preview.text.length > longest) return undefined
  return shown(preview.text)
}

/** A small part of small data. */
function pickedText({ preview }: PageArtifact, pick: readonly (string | number)[]): string | undefined {
  if (preview.type !== 'json') return undefined
  let part = JSON.parse(preview.text) as Json | undefined
  for (const key of pick) {
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, key)) return undefined
    part = (part as Readonly<Record<string | number, Json>>)[key]
  }
  const text = JSON.stringify(part)
  return text.length > longest ? undefined : shown(text)
}

/** An artifact in one line: what it is, or small data itself; leads to its preview. */
export function ArtifactLink({
  number,
  pick,
  path,
}: {
  readonly number: number
  readonly pick?: readonly (string | number)[] | undefined
  /** As it was given. */
  readonly path?: string | undefined
}): VNode {
  const { data, panelHref } = usePage()
  const artifact = data.artifacts[number]!
  if (artifact.kind === 'metrics' && pick === undefined && artifact.preview.type === 'json')
    return (
      <a href={panelHref({ type: 'artifact', number })} class="artifact">
        <MetricsText text={artifact.preview.text} />
      </a>
    )
  const text = pick === undefined ? inlineText(artifact) : pickedText(artifact, pick)
  return (
    <a href={panelHref({ type: 'artifact', number })} class="artifact">
      {text === undefined ? (
        <>
          {pick !== undefined && `${shown(pick.join('.'))} of `}
          <span class="kind">{artifact.kind}</span> {path !== undefined && <code>{path}</code>}{' '}
          <span class="muted">{artifact.extent}</span>
          {path !== undefined && (
            <>
              {' '}
              <Digest digest={artifact.digest} />
            </>
          )}
        </>
      ) : (
        <code>{text}</code>
      )}
    </a>
  )
}

/** A value of an input or an output. */
export function ValueText({ value }: { readonly value: PageValue }): VNode {
  if ('absent' in value) return <span class="muted">none (skipped)</span>
  if ('json' in value) {
    const text = JSON.stringify(value.json)
    return text.length > longest && typeof value.json === 'object' ? (
      <JsonTree value={value.json} isOpen={false} />
    ) : (
      <code>{shown(text, 2_000)}</code>
    )
  }
  if ('cut' in value)
    return (
      <>
        <code>{value.cut}</code> <span class="muted">too large for this page</span>
      </>
    )
  if ('artifact' in value) return <ArtifactLink number={value.artifact} pick={value.pick} path={value.path} />
  return (
    <details class="values">
      <summary>list of {value.list.length + value.more}</summary>
      <ol start={0}>
        {value.list.map((item, index) => (
          <li key={index}>
            <ValueText value={item} />
          </li>
        ))}
      </ol>
      {value.more > 0 && <p class="muted">and {value.more} more</p>}
    </details>
  )
}

/** Named values; the text for none of them. */
export function ValueList({ values, none }: { readonly values: PageValues; readonly none: string }): VNode {
  if (values.length === 0) return <p class="muted">{none}</p>
  return (
    <dl class="pairs">
      {values.map(([name, value]) => (
        <div key={name}>
          <dt>{shown(name)}</dt>
          <dd>
            <ValueText value={value} />
          </dd>
        </div>
      ))}
    </dl>
  )
}
