import { fileURLToPath } from 'node:url'
import { pathOf } from './call-site.ts'

/** A place in a file; lines and columns are counted from 1. */
export interface StackPlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** `at name (file:///a/b.ts:1:2)`, `at /a/b.ts:1:2`, `at async name (…)`; loaders may append `?query`. */
const frame = /^\s+at .*?(?:\(|(?<=at )(?:async )?)((?:file:\/\/)?\/.*?)(?:\?.*?)?:(\d+):(\d+)\)?$/

/** The folder of this package, where it is not installed as one. */
const root = fileURLToPath(new URL('../..', import.meta.url))

function isOfPackage(file: string): boolean {
  return file.includes('/node_modules/') || file.startsWith(`${root}src/`) || file.startsWith(`${root}dist/`)
}

/** The innermost place of the project that the text of a stack names; undefined where it names none. */
export function projectFrame(stack: string): StackPlace | undefined {
  for (const text of stack.split('\n')) {
    // Evaluated code has no file of its own, only one that evaluated it.
    const match = text.includes('<anonymous>:') ? null : frame.exec(text)
    if (match === null) continue
    const file = pathOf(match[1]!)
    if (!isOfPackage(file)) return { file, line: Number(match[2]), column: Number(match[3]) }
  }
  return undefined
}
