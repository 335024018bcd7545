import { fileURLToPath } from 'node:url'

/** A place in a source file. */
export interface CallSite {
  /** Absolute path. */
  readonly file: string
  readonly line: number
}

/** The folder of this package's own modules: `src` or `dist`. */
const own = fileURLToPath(new URL('..', import.meta.url))

/** `at name (file:///a/b.ts:1:2)`, `at /a/b.ts:1:2`, `at async name (…)`; loaders may append `?query`. */
const frame = /(?:\(|at (?:async )?)((?:file:\/\/)?\/.*?)(?:\?.*?)?:(\d+):\d+\)?$/

function parse(line: string): CallSite | undefined {
  // Evaluated code has no file of its own, only one that evaluated it.
  const match = line.includes('<anonymous>:') ? null : frame.exec(line)
  if (match === null) return undefined
  const path = match[1]!
  return { file: path.startsWith('file://') ? fileURLToPath(path) : path, line: Number(match[2]) }
}

/**
 * Where the nearest caller outside of this package stands; undefined in code without a file (a REPL).
 *
 * Read from the text of a stack trace, which loaders and source maps keep right, and not from call-site
 * objects, which they do not.
 */
export function callSite(): CallSite | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 12
  // A host may have put another type in the place of the text.
  const stack: unknown = new Error('call site').stack
  Error.stackTraceLimit = limit
  for (const line of (typeof stack === 'string' ? stack : '').split('\n').slice(1)) {
    const site = parse(line.trim())
    if (site !== undefined && !site.file.startsWith(own)) return site
  }
  return undefined
}
