import type { ComponentChildren, VNode } from 'preact'

/** A table of a size that needs no windows; it scrolls sideways by itself on a narrow screen. */
export function Table({
  head,
  rows,
  caption,
  numeric = [],
}: {
  readonly head: readonly ComponentChildren[]
  readonly rows: readonly (readonly ComponentChildren[])[]
  readonly caption: string
  /** Columns whose cells are aligned to the right. */
  readonly numeric?: readonly number[]
}): VNode {
  const isNumeric = new Set(numeric)
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index} scope="col" class={isNumeric.has(index) ? 'number' : undefined}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, number) => (
            <tr key={number}>
              {row.map((cell, index) => (
                <td key={index} class={isNumeric.has(index) ? 'number' : undefined}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
