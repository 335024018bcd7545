import type { ComponentChildren, VNode } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

/** Rows above and below the window that are there too: moving by keyboard must find them. */
const spare = 12

/** A column of a virtual table. */
export interface VirtualColumn<T> {
  readonly title: string
  /** Its width, as a track of a grid. */
  readonly width: string
  readonly cell: (item: T) => ComponentChildren
  readonly numeric?: true
  /** Its width on a phone, where that is another. */
  readonly phoneWidth?: string
  /** Left out on narrow screens. */
  readonly wide?: true
}

/** The arrows go from the link of a row to that of the next. */
function followArrows(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const row = document.activeElement?.closest('.virtual-body .virtual-row')
  const next = event.key === 'ArrowDown' ? row?.nextElementSibling : row?.previousElementSibling
  const link = next?.querySelector<HTMLElement>('a')
  if (link === null || link === undefined) return
  event.preventDefault()
  link.focus()
}

/**
 * A table that draws only the rows that can be seen: ten thousand rows cost what forty do. The link in a row is as large
 * as the row.
 */
export function VirtualTable<T>({
  items,
  columns,
  label,
  keyOf,
  rowHeight = 36,
}: {
  readonly items: readonly T[]
  readonly columns: readonly VirtualColumn<T>[]
  readonly label: string
  readonly keyOf: (item: T) => string
  readonly rowHeight?: number
}): VNode {
  const box = useRef<HTMLDivElement>(null)
  const [{ top, height, isNarrow, isPhone }, setWindow] = useState({
    top: 0,
    height: 640,
    isNarrow: false,
    isPhone: false,
  })
  useLayoutEffect(() => {
    const element = box.current!
    const look = (): void =>
      setWindow({
        top: element.scrollTop,
        height: element.clientHeight,
        isNarrow: element.clientWidth < 760,
        isPhone: innerWidth <= 520,
      })
    look()
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])
  const shownColumns = columns.filter(({ wide }) => !(isNarrow && wide === true))
  const tracks = shownColumns
    .map(({ width, phoneWidth }) => (isPhone ? (phoneWidth ?? width) : width))
    .join(' ')
  const first = Math.max(0, Math.floor(top / rowHeight) - spare)
  const last = Math.min(items.length, Math.ceil((top + height) / rowHeight) + spare)
  return (
    <div
      class="virtual"
      role="table"
      aria-label={label}
      aria-rowcount={items.length + 1}
      tabIndex={0}
      ref={box}
      onKeyDown={followArrows}
    >
      <div role="rowgroup" class="virtual-head">
        <div role="row" aria-rowindex={1} class="virtual-row" style={{ gridTemplateColumns: tracks }}>
          {shownColumns.map(({ title, numeric }) => (
            <span key={title} role="columnheader" class={numeric === true ? 'number' : undefined}>
              {title}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" class="virtual-body" style={{ height: `${items.length * rowHeight}px` }}>
        {items.slice(first, last).map((item, index) => (
          <div
            role="row"
            aria-rowindex={first + index + 2}
            key={keyOf(item)}
            class="virtual-row"
            style={{
              gridTemplateColumns: tracks,
              height: `${rowHeight}px`,
              transform: `translateY(${(first + index) * rowHeight}px)`,
            }}
          >
            {shownColumns.map(({ title, cell, numeric }) => (
              <span key={title} role="cell" class={numeric === true ? 'number' : undefined}>
                {cell(item)}
              </span>
            ))}
          </div>
        ))}
      </div>
    </div>
  )
}
