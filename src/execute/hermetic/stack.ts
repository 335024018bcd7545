import { findSourceMap } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { frames, pathOf } from '../../internal/call-site.ts'
import type { Use } from './use.ts'

/** How deep a use may lie below the project's code. */
const deepest = 200

/** The folder of this package's own modules: `src` or `dist`. */
const own = fileURLToPath(new URL('../..', import.meta.url))
const wraps = fileURLToPath(new URL('.', import.meta.url))

/** Another copy of this package, as the project may have its own. */
const copies = /[/\\]node_modules[/\\]pipewright[/\\]/
const packages = /[/\\]node_modules[/\\]/
/** Loading code is no use of a file: what is loaded is part of the code digest. */
const loaders = /[/\\]node_modules[/\\](?:jiti|tsx|esbuild|ts-node|@swc-node[/\\]\w+)[/\\]/
/** What these do of themselves says nothing of a step. */
const silent = /^node:internal\/(?:modules|console|tty|process\/(?!per_thread))/

/** A place in the sources, through the map that the loader has left. */
function writtenPlace(file: string, line: number, column: number): Pick<Use, 'file' | 'line' | 'column'> {
  const entry = findSourceMap(file)?.findEntry(line - 1, column - 1)
  if (entry === undefined || !('originalSource' in entry)) return { file, line, column }
  const { originalSource, originalLine, originalColumn } = entry
  const source = originalSource.startsWith('file://')
    ? fileURLToPath(originalSource)
    : resolve(dirname(file), originalSource)
  return { file: source, line: originalLine + 1, column: originalColumn + 1 }
}

/**
 * The nearest place of the project on the stack; undefined where there is none, or where Pipewright or a loader
 * stands between it and the use.
 */
export function projectPlace(): Pick<Use, 'file' | 'line' | 'column'> | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = deepest
  try {
    // The first frame is that of `frames` itself.
    for (const site of frames().slice(1)) {
      const script = site.getFileName()
      if (typeof script !== 'string') continue
      if (silent.test(script)) return undefined
      if (!/^(?:file:\/\/)?\//.test(script)) continue
      const file = pathOf(script)
      if (file.startsWith(wraps)) continue
      if (file.startsWith(own) || copies.test(file) || loaders.test(file)) return undefined
      if (packages.test(file)) continue
      return writtenPlace(file, site.getLineNumber() ?? 1, site.getColumnNumber() ?? 1)
    }
    return undefined
  } finally {
    Error.stackTraceLimit = limit
  }
}
