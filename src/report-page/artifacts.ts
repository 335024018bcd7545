import type { Json } from '../internal/json.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { Value, Values } from '../record/event.ts'
import { sizeText } from '../ui/text.ts'
import { Budget, limits } from './budget.ts'
import { shown } from './shown.ts'
import type { PageValue, PageValues } from './page-data.ts'

/** Longer lists of values are cut. */
const mostItems = 100

/** An artifact of the run and where the page names it first. */
export interface SeenArtifact {
  readonly artifact: Artifact
  readonly from: string
}

/** The size of an artifact in words of its kind. */
export function extentOf({ meta, size, kind }: Artifact): string {
  const [rows, count, columns, blocks] = [
    meta?.['rows'],
    meta?.['count'],
    meta?.['columns'],
    meta?.['blocks'],
  ]
  if (typeof rows === 'number')
    return `${rows.toLocaleString('en')} row${rows === 1 ? '' : 's'}${Array.isArray(columns) ? ` × ${columns.length}` : ''}`
  if (typeof count === 'number') return `${count.toLocaleString('en')} item${count === 1 ? '' : 's'}`
  if (kind === 'report' && typeof blocks === 'number') return `${blocks} block${blocks === 1 ? '' : 's'}`
  return sizeText(size)
}

/** The artifacts that a page tells of, each once, numbered in the order in which they are named. */
export class ArtifactIndex {
  readonly #numbers = new Map<string, number>()
  readonly #seen: SeenArtifact[] = []
  readonly #literals = new Budget(limits.literalBytes)

  /** The artifacts so far; grows while they are looked at. */
  get seen(): readonly SeenArtifact[] {
    return this.#seen
  }

  numberOf(artifact: Artifact, from: string): number {
    const key = `${artifact.kind} ${artifact.digest}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#seen.length)
    return this.#seen.push({ artifact, from }) - 1
  }

  /** Plain data, as far as there is room for it. */
  literal(json: Json): Extract<PageValue, { json: Json } | { cut: string }> {
    const text = JSON.stringify(json)
    return text.length <= limits.textBytes && this.#literals.take(text.length)
      ? { json }
      : { cut: shown(text, 200) }
  }

  value(value: Value, from: string): PageValue {
    if ('absent' in value) return { absent: true }
    if ('value' in value) return this.literal(value.value)
    if ('list' in value) {
      const list = value.list.slice(0, mostItems).map((item) => this.value(item, from))
      return { list, more: value.list.length - list.length }
    }
    const { artifact, pick } = value
    const number = this.numberOf(artifact, from)
    return pick === undefined || pick.length === 0
      ? { artifact: number }
      : { artifact: number, pick: pick.join('.') }
  }

  /** `origin` is the node, or says that these are inputs of the run; a name is added to it. */
  values(values: Values, origin: string): PageValues {
    return Object.entries(values).map(([name, value]) => [name, this.value(value, `${origin} · ${name}`)])
  }
}
