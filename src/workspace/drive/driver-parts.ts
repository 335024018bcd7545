import type { Clock } from '../../internal/clock.ts'
import type { JsonValues } from '../../execute/json-values.ts'
import type { WorkspaceParts } from '../parts.ts'
import type { Runs } from '../runs.ts'
import type { Declarations } from './declarations.ts'

/** What a driver works with. */
export interface DriverParts {
  readonly parts: WorkspaceParts
  readonly clock: Clock
  readonly json: JsonValues
  readonly runs: Runs
  readonly declarations: Declarations
}
