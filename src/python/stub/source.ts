import type { Json } from '../../internal/json.ts'

/** Source text that is written on one line where it fits, else with an entry on each. */
export type Source = string | Group

interface Group {
  readonly open: string
  readonly entries: readonly Entry[]
  readonly close: string
}

/** A member of a literal, or only what is said in its place. */
export interface Entry {
  /** What it is about, for those who are told its comments alone. */
  readonly about?: string
  /** What it is, in words. */
  readonly doc?: string
  /** What is to be known of it. */
  readonly comments?: readonly string[]
  /** The name before a value, as it is written. */
  readonly key?: string
  readonly value?: Source
}

const width = 100

/** A source in the middle of a text. */
export function wrapped(before: string, source: Source, after: string): Source {
  if (typeof source === 'string') return before + source + after
  return { ...source, open: before + source.open, close: source.close + after }
}

/** A list of sources between brackets. */
export function listed(open: string, values: readonly Source[], close: string): Source {
  return { open, entries: values.map((value) => ({ value })), close }
}

/** The text of a source that begins at a column of a line with this indentation. */
export function layout(source: Source, indent = '', column = indent.length): string {
  const flat = flatText(source)
  if (typeof source === 'string') return source
  if (flat !== undefined && column + flat.length <= width) return flat
  const deeper = `${indent}  `
  const lines = source.entries.flatMap(({ key, value, ...entry }) => {
    const before = key === undefined ? deeper : `${deeper}${key}: `
    return [
      ...saidOf(entry).map((comment) => deeper + commentText(comment)),
      ...(value === undefined ? [] : [`${before}${layout(value, deeper, before.length + 1)},`]),
    ]
  })
  return `${source.open}\n${lines.join('\n')}\n${indent}${source.close}`
}

/** A comment on one line, whatever is in the text. */
export function commentText(text: string): string {
  return `// ${text.trim().replaceAll(/\s+/g, ' ')}`
}

function saidOf({ doc, comments = [] }: Entry): readonly string[] {
  return doc === undefined ? comments : [doc, ...comments]
}

/** Undefined where something stands on lines of its own. */
function flatText(source: Source): string | undefined {
  if (typeof source === 'string') return source
  const texts: string[] = []
  for (const { key, value, ...entry } of source.entries) {
    const text = value === undefined ? undefined : flatText(value)
    if (saidOf(entry).length > 0 || text === undefined) return undefined
    texts.push(key === undefined ? text : `${key}: ${text}`)
  }
  const space = source.open.endsWith('{') && texts.length > 0 ? ' ' : ''
  return source.open + space + texts.join(', ') + space + source.close
}

/** The name of a property as it is written before its value. */
export function keyText(name: string): string {
  // Written plainly it would be the prototype.
  if (name === '__proto__') return "['__proto__']"
  return /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name) ? name : textLiteral(name)
}

/** A text as a literal. */
export function textLiteral(text: string): string {
  const escaped = JSON.stringify(text)
  return escaped.includes("'") ? escaped : `'${escaped.slice(1, -1).replaceAll('\\"', '"')}'`
}

/** A JSON value as a literal. */
export function jsonText(value: Json): string {
  if (typeof value === 'string') return textLiteral(value)
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(jsonText).join(', ')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const members = Object.entries(value).map(
    ([name, member]) => `${keyText(name)}: ${jsonText(member as Json)}`,
  )
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}
