import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { projectFrame, type StackPlace } from '../internal/stack-place.ts'
import { moduleGraph } from '../code/module-graph.ts'

function asPath(text: string): string {
  return text.startsWith('file:') ? fileURLToPath(text) : text
}

/** Parsers count columns from 0. */
function placeAt(file: string, line: string, column: string): StackPlace {
  return { file: asPath(file), line: Number(line), column: Number(column) + 1 }
}

/**
 * Where a module went wrong while it was loaded, as `file:line:column`: what a loader says of a syntax error, else the
 * first frame in the project; undefined where nothing tells.
 */
export async function errorPlace(error: unknown, file: string): Promise<string | undefined> {
  if (!(error instanceof Error)) return undefined
  const place =
    syntaxPlace(error, file) ?? projectFrame(error.stack ?? '') ?? (await parsedPlace(error, file))
  if (place === undefined) return undefined
  const way = relative(process.cwd(), place.file)
  return `${way.startsWith('..') ? place.file : way}:${place.line}:${place.column}`
}

/** What parsers say: Node as the first lines of the stack, esbuild, jiti and babel in the message, from column 0. */
function syntaxPlace({ stack = '', message }: Error, file: string): StackPlace | undefined {
  const node = /^(file:\/\/\S+|\/[^\n]+?):(\d+)\n(?:[^\n]*\n( *)\^)?/.exec(stack)
  if (node !== null) return placeAt(node[1]!, node[2]!, String(node[3]?.length ?? 0))
  const esbuild = /^\s*(\/[^\n:]+):(\d+):(\d+): ERROR:/m.exec(message)
  if (esbuild !== null) return placeAt(esbuild[1]!, esbuild[2]!, esbuild[3]!)
  const jiti = /^ParseError:[^\n]*\n\s*(\S[^\n]*?):(\d+):(\d+)/.exec(message)
  if (jiti !== null) return placeAt(jiti[1]!, jiti[2]!, jiti[3]!)
  const babel = /\((\d+):(\d+)\)/.exec(message) ?? /:(\d+):(\d+)$/m.exec(message.split('\n')[0]!)
  const named = /^(?:\w+Error: )?(\/[^\n:]+\.[cm]?[jt]sx?):/.exec(message)
  return babel === null || (!message.includes('rror') && named === null && !/nexpected/.test(message))
    ? undefined
    : placeAt(named?.[1] ?? file, babel[1]!, babel[2]!)
}

/** Some loaders tell nothing of the place: the file, and what it loads of the project, is parsed once more. */
async function parsedPlace({ name }: Error, file: string): Promise<StackPlace | undefined> {
  if (name !== 'SyntaxError' || !existsSync(file)) return undefined
  const { parseSync } = await import('oxc-parser')
  const loaded = await moduleGraph(file).then(
    ({ modules }) => modules.map(({ path }) => path),
    () => [],
  )
  const code = loaded.filter((path) => /\.[cm]?[jt]sx?$/.test(path))
  // A TypeScript file beside a JavaScript one is not what Node has parsed.
  const isJavaScript = (path: string): boolean => /\.[cm]?jsx?$/.test(path)
  for (const path of new Set([file, ...code.filter(isJavaScript), ...code])) {
    const text = readFileSync(path, 'utf8')
    const start = parseSync(path, text).errors[0]?.labels[0]?.start
    if (start === undefined) continue
    const before = text.slice(0, start).split('\n')
    return { file: path, line: before.length, column: before.at(-1)!.length + 1 }
  }
  return undefined
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
