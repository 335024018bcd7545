import { basename } from 'node:path'
import { SourceMap } from 'node:module'
import { readMap } from './module-text.ts'
import type { ParsedModule } from './parsed-module.ts'
import type { FunctionView } from './scope-values.ts'

/**
 * Where in the text of a module a function stands: through the map that a loader has made, else as in the script that was
 * loaded; undefined where that cannot be. A map vouches for the place; without one texts must be compared.
 */
export function placeOf(
  { file, line, column, map: url }: FunctionView,
  { path, source, text }: ParsedModule,
): { readonly offset: number; readonly isMapped: boolean } | undefined {
  const { map } = (url === '' ? undefined : readMap(file!, url)) ?? {}
  if (map !== undefined) {
    const entry = new SourceMap(map as never).findEntry(line, column)
    const isOfModule =
      'originalSource' in entry &&
      [basename(source), basename(path)].includes(basename(entry.originalSource)) &&
      (source === path) === (basename(entry.originalSource) === basename(path))
    if (isOfModule) {
      const offset = offsetOf(text, entry.originalLine, entry.originalColumn)
      return offset === undefined ? undefined : { offset, isMapped: true }
    }
  }
  const offset = source === path ? offsetOf(text, line, column) : undefined
  return offset === undefined ? undefined : { offset, isMapped: false }
}

function offsetOf(text: string, line: number, column: number): number | undefined {
  let start = 0
  for (let count = 0; count < line; count++) {
    start = text.indexOf('\n', start) + 1
    if (start === 0) return undefined
  }
  return start + column
}

/** Whether code that was loaded is as it was written: Node puts blanks in the place of types. */
export function isSameText(loaded: string, written: string): boolean {
  if (loaded.length !== written.length) return false
  for (let at = 0; at < loaded.length; at++)
    if (loaded[at] !== written[at] && !/\s/.test(loaded[at]!)) return false
  return true
}
