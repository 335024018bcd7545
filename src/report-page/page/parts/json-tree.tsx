import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Json } from '../../../internal/json.ts'
import { shown } from '../../shown.ts'

/** So many members are drawn at first, and with each click more. */
const atOnce = 100
const longText = 400

function Leaf({ value }: { readonly value: string | number | boolean | null }): VNode {
  const [isOpen, setOpen] = useState(false)
  if (typeof value !== 'string')
    return <span class={`json-${value === null ? 'null' : typeof value}`}>{String(value)}</span>
  const isLong = value.length > longText && !isOpen
  return (
    <span class="json-string">
      {JSON.stringify(shown(value, isLong ? longText : Infinity))}
      {isLong && (
        <button type="button" onClick={() => setOpen(true)}>
          all {value.length} characters
        </button>
      )}
    </span>
  )
}

function Branch({
  name,
  value,
  depth,
}: {
  readonly name: string | undefined
  readonly value: Json
  readonly depth: number
}): VNode {
  const [isOpen, setOpen] = useState(depth < 1)
  const [count, setCount] = useState(atOnce)
  const label = name === undefined ? null : <span class="json-name">{shown(name)}: </span>
  if (typeof value !== 'object' || value === null)
    return (
      <div class="json-leaf">
        {label}
        <Leaf value={value} />
      </div>
    )
  const entries = Object.entries(value)
  const isList = Array.isArray(value)
  if (entries.length === 0)
    return (
      <div class="json-leaf">
        {label}
        {isList ? '[ ]' : '{ }'}
      </div>
    )
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {label}
        <span class="muted">
          {isList
            ? `list of ${entries.length}`
            : `${entries.length} member${entries.length === 1 ? '' : 's'}`}
        </span>
      </summary>
      {isOpen && (
        <div class="json-members">
          {entries.slice(0, count).map(([key, member]) => (
            <Branch key={key} name={key} value={member as Json} depth={depth + 1} />
          ))}
          {entries.length > count && (
            <button type="button" onClick={() => setCount(count + 10 * atOnce)}>
              {entries.length - count} more
            </button>
          )}
        </div>
      )}
    </details>
  )
}

/** Plain data as a tree; its members are drawn when they are opened. */
export function JsonTree({
  value,
  isOpen = true,
}: {
  readonly value: Json
  readonly isOpen?: boolean
}): VNode {
  return (
    <div class="json">
      <Branch name={undefined} value={value} depth={isOpen ? 0 : 1} />
    </div>
  )
}
