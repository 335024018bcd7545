import type { ErrorCode } from '../internal/error-code.ts'

/** The run has succeeded, but `--verify-cache` has found a step that is not deterministic. */
export const mismatchExitCode = 3

/** Exit codes by error; everything else that Pipewright reports is 1, an unexpected error 70. */
export const exitCodes: Readonly<Partial<Record<ErrorCode, number>>> = {
  RUN_FAILED: 1,
  RUN_TIMEOUT: 1,
  INPUT_INVALID: 2,
  UNKNOWN_INPUT: 2,
  MISSING_INPUT: 2,
  PIPELINE_NOT_FOUND: 2,
  RUN_NOT_FOUND: 2,
  CONFIG_INVALID: 2,
  SOURCE_UNREADABLE: 2,
  RUN_CANCELLED: 130,
}
