import type { VNode } from 'preact'
import { numberText } from '../../../ui/text.ts'
import type { PageColumn, PagePreview } from '../../page-data.ts'
import { Table } from '../parts/table.tsx'

function endText(value: number, dates: boolean): string {
  return dates ? new Date(value).toISOString().slice(0, 16).replace('T', ' ') : numberText(value)
}

function Histogram({
  spread,
  name,
}: {
  readonly spread: Extract<PageColumn['spread'], { kind: 'numbers' }>
  readonly name: string
}): VNode {
  const { min, max, mean, counts, dates = false } = spread
  const most = Math.max(...counts)
  const width = 100 / counts.length
  const text = `${name}: ${endText(min, dates)} to ${endText(max, dates)}, mean ${endText(mean, dates)}`
  return (
    <>
      <svg class="histogram" viewBox="0 0 100 36" preserveAspectRatio="none" role="img" aria-label={text}>
        {counts.map((count, bin) => {
          const height = count === 0 ? 0 : Math.max(1, (count / most) * 35)
          return <rect key={bin} x={bin * width + 0.3} y={36 - height} width={width - 0.6} height={height} />
        })}
      </svg>
      <p class="ends">
        <span>{endText(min, dates)}</span>
        <span>{endText(max, dates)}</span>
      </p>
      <p class="muted">mean {endText(mean, dates)}</p>
    </>
  )
}

function TopValues({
  spread,
  rows,
}: {
  readonly spread: Extract<PageColumn['spread'], { kind: 'values' }>
  readonly rows: number
}): VNode {
  return (
    <>
      <ul class="top-values">
        {spread.top.slice(0, 5).map(([text, count]) => (
          <li key={text} style={{ '--share': `${(count / rows) * 100}%` }}>
            <span>{text === '' ? '(empty)' : text}</span> <span class="muted">{count}</span>
          </li>
        ))}
      </ul>
      <p class="muted">
        {spread.distinct} distinct value{spread.distinct === 1 ? '' : 's'}
      </p>
    </>
  )
}

/** The first rows of a table, and how each of its columns is spread. */
export function TablePreview({
  preview,
}: {
  readonly preview: Extract<PagePreview, { type: 'table' }>
}): VNode {
  const { columns, head, rows, profiled, moreColumns } = preview
  return (
    <>
      <Table
        caption={`The first ${head.length} of ${rows} rows`}
        head={columns.map(({ name }) => name)}
        numeric={columns.flatMap(({ type }, index) =>
          type === 'number' || type === 'bigint' ? [index] : [],
        )}
        rows={head}
      />
      <p class="muted">
        {head.length} of {rows.toLocaleString('en')} rows
        {moreColumns > 0 && `; ${moreColumns} more columns are not shown`}
        {profiled < rows && `; histograms are of the first ${profiled.toLocaleString('en')}`}.
      </p>
      <ul class="columns">
        {columns.map(({ name, type, missing, spread }) => (
          <li key={name}>
            <p>
              <strong>{name}</strong> <span class="muted">{type}</span>
            </p>
            {spread?.kind === 'numbers' && <Histogram spread={spread} name={name} />}
            {spread?.kind === 'values' && <TopValues spread={spread} rows={profiled} />}
            {missing > 0 && <p class="muted">{missing.toLocaleString('en')} missing</p>}
          </li>
        ))}
      </ul>
    </>
  )
}
