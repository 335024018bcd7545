import type { Json } from '../internal/json.ts'
import { contentBytes, type Artifact } from '../artifact/artifact.ts'
import type { Chapter, Ingredient, Making, Story } from './why.ts'

/**
 * How a story is drawn.
 *
 * @example
 * ```ts
 * console.log(renderWhy(await pw.why(digest), { items: 3, depth: 10, digits: 64 }))
 * ```
 */
export interface RenderWhyOptions {
  /** Items of one list that are drawn; the rest is counted. Default 10. */
  readonly items?: number
  /** Steps back that are drawn. Default 100: the indentation grows with each. */
  readonly depth?: number
  /** Hexadecimal digits of a digest. Default 12. */
  readonly digits?: number
}

interface Line {
  readonly label: string
  readonly ingredient: Ingredient
}

interface Frame extends Line {
  readonly prefix: string
  readonly branch: string
  readonly indent: string
  readonly depth: number
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`
}

function valueText(value: Json): string {
  return shortened(JSON.stringify(value), 60)
}

function sizeText(artifact: Artifact): string {
  const { meta } = artifact
  const rows = meta?.['rows']
  const count = meta?.['count']
  if (typeof rows === 'number') return `${rows} rows`
  return typeof count === 'number' ? `${count} items` : `${contentBytes(artifact)} bytes`
}

function makingText(
  { step, node, pipeline, run, startedAt, code, params, reused }: Making,
  digits: number,
): string {
  const place = step === null || step === node ? node : `${step} (${node})`
  const parts = [`${step === null ? 'gathered' : 'made'} by ${place}`]
  parts.push(`in run ${run}${pipeline === '' ? '' : ` of ${pipeline}`}`, new Date(startedAt).toISOString())
  if (code !== null) parts.push(`code ${code.slice(7, 7 + digits)}`)
  const named = Object.entries(params).map(([name, value]) => `${name}=${valueText(value)}`)
  if (named.length > 0) parts.push(named.join(' '))
  if (reused) parts.push('reused, its first making was removed or is of another workspace')
  return parts.join(', ')
}

function sourceText({ path }: Chapter): string {
  return path === null ? 'given to the run' : `read from ${path}`
}

function children(making: Making, most: number): Line[] {
  return Object.entries(making.inputs).flatMap(([label, ingredient]) => {
    if (!('list' in ingredient)) return [{ label, ingredient }]
    const lines: Line[] = ingredient.list
      .slice(0, most)
      .map((item, index) => ({ label: `${label}[${index}]`, ingredient: item }))
    const left = ingredient.list.length - lines.length
    if (left > 0) lines.push({ label: `${label}: ${left} more`, ingredient: { absent: true } })
    return lines
  })
}

/**
 * A story as an ASCII tree; an artifact that was drawn before is only named.
 *
 * @example
 * ```ts
 * console.log(renderWhy(await pw.why(digest)))
 * // model f0dbecd6830e (654 bytes)
 * // | made by train (trials[0]/train), in run 019b76da-… of tumours, 2026-01-01T00:00:00.001Z, code 9205abe9767b
 * // |- rows: table c8a458255504 (569 rows)
 * // |  | made by load, in run 019b76da-… of tumours, 2026-01-01T00:00:00.001Z, code 1fef5716330d
 * // |  `- csv: file 4b659177e0ac (120834 bytes)
 * // |       read from tumours.csv
 * // `- rate: 0.01
 * ```
 */
export function renderWhy(story: Story, options: RenderWhyOptions = {}): string {
  const { items = 10, digits = 12, depth: deepest = 100 } = options
  const lines: string[] = []
  const drawn = new Set<string>()
  const frame = ({ label, ingredient }: Line, depth: number, indent: string, isLast: boolean): Frame => ({
    label,
    ingredient,
    prefix: indent,
    branch: isLast ? '`- ' : '|- ',
    indent: `${indent}${isLast ? '   ' : '|  '}`,
    depth,
  })
  const open: Frame[] = story.roots
    .map((artifact) => ({
      label: '',
      ingredient: { artifact },
      prefix: '',
      branch: '',
      indent: '',
      depth: 0,
    }))
    .reverse()
  while (open.length > 0) {
    const { label, ingredient, prefix, branch, indent, depth } = open.pop()!
    const head = `${prefix}${branch}${label}`
    if ('value' in ingredient) lines.push(`${head}: ${valueText(ingredient.value)}`)
    else if ('absent' in ingredient) lines.push(head)
    else if ('list' in ingredient) lines.push(`${head}: a list of ${ingredient.list.length}`)
    else {
      const chapter = story.artifacts[ingredient.artifact]
      if (chapter === undefined) {
        lines.push(`${head}: ${ingredient.artifact} (no longer recorded)`)
        continue
      }
      const { artifact, making } = chapter
      const pick = ingredient.pick === undefined ? '' : `.${ingredient.pick.join('.')} of `
      const what = `${pick}${artifact.kind} ${artifact.digest.slice(7, 7 + digits)} (${sizeText(artifact)})`
      const named = label === '' ? what : `${head}: ${what}`
      if (drawn.has(ingredient.artifact)) {
        lines.push(`${named}, see above`)
        continue
      }
      if (depth > deepest) {
        lines.push(`${named}, and so on`)
        continue
      }
      drawn.add(ingredient.artifact)
      lines.push(named)
      const lineage = making === null ? [] : children(making, items)
      const bar = lineage.length === 0 ? '  ' : '| '
      lines.push(`${indent}${bar}${making === null ? sourceText(chapter) : makingText(making, digits)}`)
      for (let at = lineage.length - 1; at >= 0; at--)
        open.push(frame(lineage[at]!, depth + 1, indent, at === lineage.length - 1))
    }
  }
  return lines.join('\n')
}
