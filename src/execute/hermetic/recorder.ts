import { projectPlace } from './stack.ts'
import type { Use, UseKind } from './use.ts'

/** What a step has declared, and need not answer for. */
export interface Declared {
  readonly env: ReadonlySet<string>
  /** The folder of the attempt. */
  readonly workdir: string
}

/** More places than this are not told apart. */
const mostUses = 1_000

const uses = new Map<string, Use>()
let declared: Declared | undefined
/** Above 0 while what was wrapped runs: what it uses in turn is its own. */
let depth = 0

/** Begins to record, for one attempt. */
export function startRecording(of: Declared): void {
  declared = of
}

/** Ends recording and gives the uses, once per place. */
export function stopRecording(): Use[] {
  declared = undefined
  const found = [...uses.values()]
  uses.clear()
  return found
}

/** What is declared while something is recorded; undefined where a use does not count. */
export function recording(): Declared | undefined {
  return depth > 0 ? undefined : declared
}

/** Does something whose own uses do not count. */
export function unrecorded<T>(work: () => T): T {
  depth++
  try {
    return work()
  } finally {
    depth--
  }
}

/** Records a use, when the project's code stands behind it. */
export function record(kind: UseKind, what: () => string): void {
  if (recording() === undefined) return
  unrecorded(() => {
    const place = projectPlace()
    if (place === undefined) return
    const key = `${place.file}:${place.line}:${place.column}`
    if (!uses.has(key) && uses.size < mostUses) uses.set(key, { kind, what: what(), ...place })
  })
}
