/** What may stand in a place, with a description. */
export interface Candidate {
  readonly value: string
  readonly about: string
}

/** What may stand where a word is completed. */
export interface Place {
  readonly candidates: readonly Candidate[]
  /** Files, as the shell completes them. */
  readonly files: boolean
}

/** A place for a file. */
export const anyFile: Place = { candidates: [], files: true }

/** A place for some words alone. */
export function oneOf(candidates: readonly Candidate[]): Place {
  return { candidates, files: false }
}
