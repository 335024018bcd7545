import type { CodeParts, StepAddress } from './protocol.ts'

/** Where the step of an attempt is found by another thread or process. */
export interface StepHome {
  readonly address: StepAddress
  /** The key of the step in the plan. */
  readonly key: string
  readonly code?: CodeParts
  /** The environment variables that steps of the plan declare. */
  readonly env: readonly string[]
}
