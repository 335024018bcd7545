/** What of the world a step has used. */
export type UseKind = 'file' | 'network' | 'process' | 'clock' | 'random' | 'environment'

/** An undeclared use, at the project's code that is nearest to it. */
export interface Use {
  readonly kind: UseKind
  /** What was used, as it is called: `fs.readFileSync('rates.json')`. */
  readonly what: string
  /** Absolute path of the source, as far as a source map tells it. */
  readonly file: string
  readonly line: number
  readonly column: number
}
