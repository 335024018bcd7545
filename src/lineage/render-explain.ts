import type { Explanation, KeyChange } from './explain.ts'

function short(text: string | null): string {
  if (text === null) return '(none)'
  const digest = /^sha256:([0-9a-f]{12})[0-9a-f]{52}$/.exec(text)
  return digest === null ? text : digest[1]!
}

function changeText({ part, name, before, after }: KeyChange): string {
  switch (part) {
    case 'code':
      if (before === null) return `code: ${name} is new`
      if (after === null) return `code: ${name} is gone`
      return `code: ${name} has changed`
    case 'value':
      return `value: what ${name} is has changed`
    case 'package':
      if (before === null) return `package: ${name} ${after!} is new`
      if (after === null) return `package: ${name} ${before} is gone`
      return `package: ${name} ${before} -> ${after}`
    case 'compiler':
      return `compiler: the options for ${name} have changed`
    case 'declaration':
      return 'declaration: the declared inputs or outputs have changed'
    case 'environment':
      return `environment: ${name} has changed`
    default:
      return `${part} ${name === part ? '' : `${name}: `}${short(before)} -> ${short(after)}`
  }
}

/** What has changed, by line. */
export function changeLines(change: KeyChange): string[] {
  return [`  - ${changeText(change)}`, ...(change.details ?? []).map((line) => `      ${line}`)]
}

/**
 * An explanation as text: the verdict, then a line for each change.
 *
 * @example
 * ```ts
 * console.log(renderExplanation(await pw.explain(run.id, 'trials[1]/train')))
 * // trials[1]/train (train): executed
 * //   against run 01a20da5-2fbc-7295-81a8-e06d64e30344, node trials[1]/train:
 * //   - input rate: 0.1 -> 0.2
 * ```
 */
export function renderExplanation(explanation: Explanation): string {
  const { node, step, verdict, from, reason, against, changes } = explanation
  const name = node === step ? node : `${node} (${step})`
  if (verdict === 'hit') return `${name}: reused from run ${from!.run}, node ${from!.node}`
  const head = `${name}: ${verdict === 'executed' ? 'executed' : `executed, not cached: ${reason ?? ''}`}`
  if (against === null) return `${head}\n  there is no earlier execution of step '${step}'`
  const place = `run ${against.run}, node ${against.node}`
  if (changes.length === 0)
    return `${head}\n  nothing has changed since ${place}: its outputs were gone, too old, or not wanted`
  return [`${head}\n  against ${place}:`, ...changes.flatMap(changeLines)].join('\n')
}
