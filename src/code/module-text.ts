import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Node, Program } from 'oxc-parser'
import { isErased, isNode, normalForm } from './normal-form.ts'

/** The text of a module, as it was written. */
export interface ModuleText {
  /** The file that was written; for a compiled module its source. */
  readonly path: string
  readonly text: string
  /** When the map was changed from which the source was taken, in milliseconds since the epoch. */
  readonly changedAt: number
}

/** What is read of a source map. */
export interface SourceMap {
  readonly sources?: readonly (string | null)[]
  readonly sourcesContent?: readonly (string | null)[]
  readonly sourceRoot?: string
}

/**
 * The text that a module was compiled from, where its source map holds it and the code is the same but for types: then
 * both are surely of one build, whatever was done to the files since. Else undefined: then the module counts as it is,
 * also where a compiler had to write code anew (enums, decorators, an older target).
 */
export async function sourceText(path: string, text: string): Promise<ModuleText | undefined> {
  if (!/\.[cm]?jsx?$/.test(path)) return undefined
  const given = /\/\/[#@] sourceMappingURL=(\S+)\s*$/.exec(text)?.[1]
  if (given === undefined) return undefined
  const { map, place } = readMap(path, given) ?? {}
  if (map === undefined || place === undefined) return undefined
  if (!Array.isArray(map.sources) || !Array.isArray(map.sourcesContent)) return undefined
  const [source, ...more] = map.sources as readonly unknown[]
  const [content] = map.sourcesContent as readonly unknown[]
  const root: unknown = map.sourceRoot ?? ''
  if (
    typeof root !== 'string' ||
    typeof source !== 'string' ||
    typeof content !== 'string' ||
    more.length > 0
  )
    return undefined
  const original = source.startsWith('file:///')
    ? fileURLToPath(source)
    : resolve(dirname(place), root, source)
  const { parseSync } = await import('oxc-parser')
  const [built, written] = [parseSync(path, text), parseSync(original, content)]
  if (built.errors.length > 0 || written.errors.length > 0) return undefined
  if (!isSameCode(built.program, written.program)) return undefined
  return { path: original, text: content, changedAt: place === path ? 0 : statSync(place).ctimeMs }
}

/** The source map that a module names, and where it stands; undefined where it cannot be read. */
export function readMap(
  path: string,
  url: string,
): { readonly map: SourceMap; readonly place: string } | undefined {
  try {
    const inline = /^data:application\/json[^,]*?(;base64)?,(.*)$/s.exec(url)
    const place = inline === null ? resolve(dirname(path), decodeURIComponent(url)) : path
    const text =
      inline === null
        ? readFileSync(place, 'utf8')
        : inline[1] === undefined
          ? decodeURIComponent(inline[2]!)
          : Buffer.from(inline[2]!, 'base64').toString('utf8')
    const map: unknown = JSON.parse(text)
    return typeof map === 'object' && map !== null ? { map, place } : undefined
  } catch {
    return undefined
  }
}

type AnyNode = Node & Readonly<Record<string, unknown>>

/** The statements of a module but for its imports, of which compilers leave out those that are types. */
function statements({ body }: Program): readonly AnyNode[] {
  return (body as unknown as readonly AnyNode[]).filter(
    (node) =>
      !isErased(node) &&
      node.type !== 'ImportDeclaration' &&
      !(
        node.type === 'ExportNamedDeclaration' &&
        node.declaration === null &&
        node.specifiers.every((one) => isErased(one as AnyNode))
      ) &&
      !(
        node.type === 'ExportNamedDeclaration' &&
        isNode(node.declaration) &&
        isErased(node.declaration as AnyNode)
      ),
  )
}

/** What is imported. */
function importsOf({ body }: Program): ReadonlySet<string> {
  return new Set(
    body.flatMap((node) => {
      if (node.type !== 'ImportDeclaration') return []
      const from = compiledName(node.source.value)
      return [from, ...node.specifiers.map((one) => `${from} ${normalForm(one).text}`)]
    }),
  )
}

function isSameCode(built: Program, written: Program): boolean {
  const [ours, theirs] = [statements(built), statements(written)]
  const known = importsOf(written)
  return (
    ours.length === theirs.length &&
    [...importsOf(built)].every((one) => known.has(one)) &&
    ours.every((node, at) => formOf(node) === formOf(theirs[at]!))
  )
}

/** Compilers write the names of compiled modules for those of their sources. */
function compiledName(specifier: string): string {
  return specifier.replace(/\.([cm]?)tsx?$/, '.$1js')
}

function formOf(node: AnyNode): string {
  return normalForm(node).text.replaceAll(/"\.{1,2}\/[^"]*\.[cm]?tsx?"/g, (text) =>
    JSON.stringify(compiledName(JSON.parse(text) as string)),
  )
}
