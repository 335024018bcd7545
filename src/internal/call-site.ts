import { fileURLToPath } from 'node:url'

/** A place in a source file. */
export interface CallSite {
  /** Absolute path of the module that was loaded. */
  readonly file: string
  readonly line: number
}

/** The folder of this package's own modules: `src` or `dist`. */
const own = fileURLToPath(new URL('..', import.meta.url))
/** Those that are as a user's: threads and processes find steps of theirs by their address. */
const guests = fileURLToPath(new URL('../testing/contract/programs/', import.meta.url))

/** `at name (file:///a/b.ts:1:2)`, `at /a/b.ts:1:2`, `at async name (…)`; loaders may append `?query`. */
const frame = /(?:\(|at (?:async )?)((?:file:\/\/)?\/.*?)(?:\?.*?)?:(\d+):\d+\)?$/

/** The path behind the name of a script: a URL, perhaps with a query, or a path. */
export function pathOf(script: string): string {
  return script.startsWith('file://')
    ? fileURLToPath(script.replace(/[?#].*$/s, ''))
    : script.replace(/\?.*$/s, '')
}

/** Frames as V8 knows them: the scripts that are loaded, whatever source maps and hosts make of them. */
export function frames(): readonly NodeJS.CallSite[] {
  const name = 'prepareStackTrace'
  const host = Object.getOwnPropertyDescriptor(Error, name)
  const value = (_error: Error, sites: readonly NodeJS.CallSite[]): unknown => sites
  if (!Reflect.defineProperty(Error, name, { value, configurable: true, writable: true })) return []
  try {
    return new Error('call site').stack as unknown as readonly NodeJS.CallSite[]
  } finally {
    if (host === undefined) Reflect.deleteProperty(Error, name)
    else Object.defineProperty(Error, name, host)
  }
}

/** The line as it was written: source maps put it into the text of a stack trace, and only there. */
function writtenLine(file: string): number | undefined {
  let stack: unknown
  try {
    // A host may have put another type in the place of the text, or may throw.
    stack = new Error('call site').stack
  } catch {
    return undefined
  }
  for (const line of typeof stack === 'string' ? stack.split('\n') : []) {
    // Evaluated code has no file of its own, only one that evaluated it.
    const match = line.includes('<anonymous>:') ? null : frame.exec(line.trim())
    if (match !== null && pathOf(match[1]!) === file) return Number(match[2])
  }
  return undefined
}

/**
 * Where the nearest caller outside of this package stands; undefined in code without a file (a REPL).
 *
 * The file is the one that was loaded, not one that a source map names: this package's own maps would hide its
 * frames, and a stale build must not pass for its source.
 */
export function callSite(): CallSite | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 12
  try {
    for (const site of frames()) {
      const script = site.getFileName()
      if (typeof script !== 'string' || !/^(?:file:\/\/)?\//.test(script)) continue
      const file = pathOf(script)
      if (!file.startsWith(own) || file.startsWith(guests))
        return { file, line: writtenLine(file) ?? site.getLineNumber() ?? 1 }
    }
    return undefined
  } finally {
    Error.stackTraceLimit = limit
  }
}
