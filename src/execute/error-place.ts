import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { projectPath } from '../internal/project-path.ts'
import { projectFrame, type StackPlace } from '../internal/stack-place.ts'
import { readMap } from '../code/module-text.ts'
import type { ErrorPlace } from '../record/event.ts'

interface Known {
  readonly map: SourceMap
  /** What its sources are relative to. */
  readonly folder: string
}

/** Maps of modules in which errors were thrown; null for one without. */
const maps = new Map<string, Known | null>()
/** Of so many modules: many errors come from few. */
const mostMaps = 50

function mapOf(file: string): Known | null {
  try {
    const url = /\/\/[#@] sourceMappingURL=(\S+)\s*$/.exec(readFileSync(file, 'utf8'))?.[1]
    const found = url === undefined ? undefined : readMap(file, url)
    if (found === undefined) return null
    const { sourceRoot = '', ...map } = found.map
    return { map: new SourceMap(map as never), folder: resolve(dirname(found.place), sourceRoot) }
  } catch {
    // A map that cannot be used tells no less than none.
    return null
  }
}

/** The place as it was written, where a compiler has left a map; hosts may have mapped it already. */
function written(place: StackPlace): StackPlace {
  const { file, line, column } = place
  if (!/\.[cm]?js$/.test(file)) return place
  const known = maps.get(file)
  const found = known === undefined ? mapOf(file) : known
  if (maps.size >= mostMaps) maps.clear()
  maps.set(file, found)
  const entry = found?.map.findEntry(line - 1, column - 1)
  if (entry === undefined || !('originalSource' in entry)) return place
  const { originalSource, originalLine, originalColumn } = entry
  // Bundlers give names that are no paths.
  if (/^(?!file:)[a-z-]+:/.test(originalSource)) return place
  const source = originalSource.startsWith('file:')
    ? fileURLToPath(originalSource)
    : resolve(found!.folder, originalSource)
  return { file: source, line: originalLine + 1, column: originalColumn + 1 }
}

/** Where in the project an error was thrown, by its stack; undefined where that names no place of the project. */
export function errorPlace(
  { stack, message }: { readonly stack: string; readonly message: string },
  project: string,
): ErrorPlace | undefined {
  try {
    // A message may have lines that look like frames.
    const found = projectFrame(stack.slice(stack.indexOf(message) + message.length))
    if (found === undefined) return undefined
    const { file, line, column } = written(found)
    return { file: projectPath(project, file), line, column }
  } catch {
    // Anybody may write a stack, with URLs that are none.
    return undefined
  }
}
