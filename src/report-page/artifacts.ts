import type { Json } from '../internal/json.ts'
import { contentBytes, type Artifact } from '../artifact/artifact.ts'
import { pathOf } from '../lineage/why.ts'
import type { Value, Values } from '../record/event.ts'
import { sizeText } from '../ui/text.ts'
import { Budget, limits } from './budget.ts'
import { shown } from './shown.ts'
import type { PageValue, PageValues } from './page-data.ts'

/** Longer lists of values are cut. */
const mostItems = 100

/** What stands before the names of the outputs of a run. */
export const outputOrigin = 'output of the run'

/** An artifact of the run and where the page names it first. */
export interface SeenArtifact {
  readonly artifact: Artifact
  readonly from: string
  /** The paths under which it was given to the run. */
  readonly paths: Set<string>
}

/** The size of an artifact in words of its kind. */
export function extentOf(artifact: Artifact): string {
  const { meta, kind } = artifact
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
  return sizeText(contentBytes(artifact))
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
    const number = this.#numbers.get(key) ?? this.#seen.push({ artifact, from, paths: new Set() }) - 1
    this.#numbers.set(key, number)
    // What a node has made is named after the node, not after the output of the run that it became.
    const seen = this.#seen[number]!
    if (seen.from.startsWith(outputOrigin) && !from.startsWith(outputOrigin) && !from.includes(' ← '))
      this.#seen[number] = { ...seen, from }
    const path = pathOf(artifact)
    if (path !== null) this.#seen[number]!.paths.add(path)
    return number
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
    const path = pathOf(artifact)
    return {
      artifact: this.numberOf(artifact, from),
      ...(pick === undefined || pick.length === 0 ? {} : { pick }),
      ...(path === null ? {} : { path: shown(path, 300) }),
    }
  }

  /** `origin` is the node, or says that these are inputs of the run; a name is added to it. */
  values(values: Values, origin: string): PageValues {
    return Object.entries(values).map(([name, value]) => [name, this.value(value, `${origin} · ${name}`)])
  }
}
