import type { ErrorPlace } from '../record/event.ts'
import type { Unfinished } from '../lineage/unfinished.ts'
import { printable } from './text.ts'

/** A place in the code of the project: `at src/churn.ts:12:9`. */
export function placeText({ file, line, column }: ErrorPlace): string {
  return `at ${printable(file)}:${line}:${column}`
}

/** Why a node has given nothing, with the place in the code where that is known. */
export function unfinishedLines({ node, step, state, reason, place }: Unfinished): string[] {
  const name = step === null || step === node ? node : `${node} (${step})`
  const lines = [printable(`${name}: ${state}: ${reason}`)]
  return place === undefined ? lines : [...lines, `  ${placeText(place)}`]
}
