import type { Mismatch, RunVerification } from '../record/verification.ts'
import { printable } from './text.ts'

/** One mismatch on one line. */
export function mismatchText({ node, step, output, difference }: Mismatch): string {
  const what = output === null ? difference : `output '${output}' ${difference}`
  return printable(`${node}: step '${step}' is not deterministic: ${what}`)
}

/** What verifying the cache has found, a line each; nothing where it was not asked for. */
export function verificationLines(verification: RunVerification | null): string[] {
  if (verification === null) return []
  const { verified, mismatches } = verification
  const hits = `${verified} hit${verified === 1 ? '' : 's'}`
  if (mismatches.length === 0) return [`verified: ${hits}${verified === 0 ? '' : ', all the same'}`]
  const nodes = new Set(mismatches.map(({ node }) => node)).size
  return [
    `verified: ${hits}, ${nodes} not the same`,
    ...mismatches.map((mismatch) => `differs: ${mismatchText(mismatch)}`),
    "mend that, or say cache: 'never' or { ttl } in the step",
  ]
}
