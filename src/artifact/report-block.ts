import type { Json } from '../internal/json.ts'
import type { Chart } from './chart.ts'
import { chartProblem } from './chart-problem.ts'

/** A chart in a report: what a function of `pipewright/charts` returns. */
export interface ChartBlock<C extends Chart = Chart> {
  readonly type: 'chart'
  readonly data: C
  /** In place of the chart's own. */
  readonly title?: string
}

/**
 * A part of a report.
 *
 * @example
 * ```ts
 * ctx.report({
 *   blocks: [
 *     { type: 'markdown', text: 'Held-out rows, **never seen** in training.' },
 *     { type: 'table', columns: ['class', 'rows'], rows: [['malignant', 212], ['benign', 357]] },
 *     rocCurve(labels, scores),
 *   ],
 * })
 * ```
 */
export type ReportBlock =
  | {
      /** CommonMark with tables; HTML in it is shown as text. */
      readonly type: 'markdown'
      readonly text: string
    }
  | {
      readonly type: 'image'
      readonly mediaType: string
      readonly data: string | Uint8Array
      readonly alt: string
      readonly caption?: string
    }
  | {
      readonly type: 'table'
      readonly columns: readonly string[]
      /** Cells in the order of the columns. */
      readonly rows: readonly (readonly Json[])[]
      readonly caption?: string
    }
  | ChartBlock
  | {
      /** Drawn where `vega` and `vega-lite` are installed; data in the specification, not behind a URL. */
      readonly type: 'spec'
      readonly format: 'vega-lite'
      readonly spec: Json
      readonly alt?: string
    }
  | {
      /** Shown apart from the page: scripts in it do not run. */
      readonly type: 'html'
      readonly text: string
    }

type Given = Readonly<Record<string, unknown>>

function isOptionalText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function imageProblem({ mediaType, alt, data, caption }: Given): string | undefined {
  if (typeof mediaType !== 'string' || typeof alt !== 'string') return 'needs a mediaType and an alt text'
  if (!isOptionalText(caption)) return 'needs its caption as a text'
  if (typeof data === 'string' && mediaType !== 'image/svg+xml') return 'needs its data as bytes'
  return typeof data === 'string' || data instanceof Uint8Array
    ? undefined
    : 'needs data: bytes, or the text of an SVG'
}

function tableProblem({ columns, rows, caption }: Given): string | undefined {
  if (!Array.isArray(columns) || !columns.every((name) => typeof name === 'string'))
    return 'needs columns: a list of texts'
  if (!isOptionalText(caption)) return 'needs its caption as a text'
  if (!Array.isArray(rows)) return 'needs rows: lists of cells'
  const wrong = rows.findIndex((row) => !Array.isArray(row) || row.length !== columns.length)
  return wrong === -1
    ? undefined
    : `needs ${columns.length} cells in each row, as it has ${columns.length} columns: see rows[${wrong}]`
}

/** What is wrong with a block, or undefined. */
export function blockProblem(block: unknown): string | undefined {
  if (typeof block !== 'object' || block === null) return 'is no block'
  const given = block as Given
  switch (given.type) {
    case 'markdown':
    case 'html':
      return typeof given.text === 'string' ? undefined : 'needs a text'
    case 'image':
      return imageProblem(given)
    case 'table':
      return tableProblem(given)
    case 'chart':
      return isOptionalText(given.title) ? chartProblem(given.data) : 'needs its title as a text'
    case 'spec':
      if (!isOptionalText(given.alt)) return 'needs its alt text as a text'
      return given.format === 'vega-lite' && given.spec !== undefined
        ? undefined
        : "needs a spec, with format 'vega-lite'"
    default:
      return `has the type ${JSON.stringify(given.type) ?? 'undefined'}; known: markdown, image, table, chart, spec, html`
  }
}
