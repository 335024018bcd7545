import type { UseKind } from '../../execute/hermetic/use.ts'

/** Something of the world that the project's code uses in a step that does not declare it. */
export interface UndeclaredUse {
  readonly kind: UseKind
  /** What was used, as it is called: `fs.readFileSync('rates.json')`. */
  readonly what: string
  /** The source, relative to the project. */
  readonly file: string
  readonly line: number
  /** The steps that come there. */
  readonly steps: readonly string[]
}

/** What has become of a step while it was watched. */
export interface WatchedStep {
  readonly step: string
  /** `exempt`: it says that it uses the world; `not reached`: what it needs is not there. */
  readonly state: 'checked' | 'exempt' | 'failed' | 'not reached'
  /** How often it was executed. */
  readonly executions: number
  /** Why it is exempt, was not reached, or has failed. */
  readonly reason: string | undefined
}

/** What running each step of a pipeline under watch has shown. */
export interface HermeticReport {
  readonly pipeline: string
  readonly uses: readonly UndeclaredUse[]
  readonly steps: readonly WatchedStep[]
  /** What was not seen, and why. */
  readonly limits: readonly string[]
}
