import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A place in a file of the project. */
interface Place {
  readonly file: string
  readonly line: number
}

function asPath(text: string): string {
  return text.startsWith('file:') ? fileURLToPath(text) : text
}

/**
 * Where a module went wrong while it was loaded, as `file:line`: what a loader says of a syntax error, else the first
 * frame in the project; undefined where nothing tells.
 */
export async function errorPlace(error: unknown, file: string): Promise<string | undefined> {
  if (!(error instanceof Error)) return undefined
  const place = syntaxPlace(error, file) ?? framePlace(error) ?? (await parsedPlace(error, file))
  if (place === undefined) return undefined
  const way = relative(process.cwd(), place.file)
  return `${way.startsWith('..') ? place.file : way}:${place.line}`
}

/** What parsers say: Node as the first line of the stack, esbuild and babel in the message. */
function syntaxPlace({ stack = '', message }: Error, file: string): Place | undefined {
  const node = /^(file:\/\/\S+|\/[^\n]+?):(\d+)\n/.exec(stack)
  if (node !== null) return { file: asPath(node[1]!), line: Number(node[2]) }
  const esbuild = /^\s*(\/[^\n:]+):(\d+):\d+: ERROR:/m.exec(message)
  if (esbuild !== null) return { file: esbuild[1]!, line: Number(esbuild[2]) }
  const babel = /\((\d+):\d+\)/.exec(message) ?? /:(\d+):\d+$/m.exec(message.split('\n')[0]!)
  const named = /^(?:\w+Error: )?(\/[^\n:]+\.[cm]?[jt]sx?):/.exec(message)
  return babel === null || (!message.includes('rror') && named === null && !/nexpected/.test(message))
    ? undefined
    : { file: named?.[1] ?? file, line: Number(babel[1]) }
}

/** Some loaders tell nothing of the place: the file is parsed once more. */
async function parsedPlace({ name }: Error, file: string): Promise<Place | undefined> {
  if (name !== 'SyntaxError' || !existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8')
  const { parseSync } = await import('oxc-parser')
  const start = parseSync(file, text).errors[0]?.labels[0]?.start
  return start === undefined ? undefined : { file, line: text.slice(0, start).split('\n').length }
}

function framePlace({ stack = '' }: Error): Place | undefined {
  for (const [, path, line] of stack.matchAll(
    /(?:\(|at (?:async )?)((?:file:\/\/)?\/[^\s()]+?):(\d+):\d+\)?$/gm,
  )) {
    const file = asPath(path!)
    if (!file.includes('/node_modules/') && !isOwn(file)) return { file, line: Number(line) }
  }
  return undefined
}

const own = fileURLToPath(new URL('..', import.meta.url))

/** Frames of this package say nothing of what the user wrote. */
function isOwn(file: string): boolean {
  return file.startsWith(own)
}

/** What a message says, without the code and the places that parsers print below it. */
export function headline(message: string): string {
  const [first = '', second = ''] = message.split('\n').map((line) => line.trim())
  return first.endsWith(':') && second !== '' ? `${first} ${second}` : first
}

/** The line of a file on which a field of an object is written, as far as its text tells. */
export function lineOfField(file: string, field: string): number | undefined {
  const name = field
    .split('.')
    .at(-1)!
    .replaceAll(/[^\w-]/g, '')
  if (name === '') return undefined
  const pattern = new RegExp(`(?:^|[\\s{,])['"\`]?${name}['"\`]?\\s*[:,(]`)
  try {
    const at = readFileSync(file, 'utf8')
      .split('\n')
      .findIndex((line) => pattern.test(line.replace(/\/\/.*$/, '')))
    return at < 0 ? undefined : at + 1
  } catch {
    return undefined
  }
}
