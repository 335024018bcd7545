import type { ErrorCode } from '../internal/error-code.ts'

/** The run has succeeded, but `--verify-cache` has found a step that is not deterministic. */
export const mismatchExitCode = 3

/** Nothing is left to do but to wait, and nobody sits at the terminal: the run goes on when it is taken up. */
export const waitingExitCode = 4

/** `check --hermetic` or `doctor` has found something. */
export const findingsExitCode = 1

/** Exit codes by error; everything else that Pipewright reports is 1, an unexpected error 70. */
export const exitCodes: Readonly<Partial<Record<ErrorCode, number>>> = {
  RUN_FAILED: 1,
  RUN_TIMEOUT: 1,
  INPUT_INVALID: 2,
  UNKNOWN_INPUT: 2,
  MISSING_INPUT: 2,
  PIPELINE_NOT_FOUND: 2,
  RUN_NOT_FOUND: 2,
  NODE_NOT_FOUND: 2,
  EFFECT_REFUSED: 2,
  ARTIFACT_NOT_FOUND: 2,
  SCHEDULE_NOT_FOUND: 2,
  TRIGGER_NOT_FOUND: 2,
  WORKSPACE_NOT_FOUND: 2,
  SELECTION_EMPTY: 2,
  SELECTION_GAP: 2,
  DEFINITION_INVALID: 2,
  USAGE_INVALID: 2,
  CONFIG_INVALID: 2,
  FILE_EXISTS: 2,
  FUNCTION_NOT_FOUND: 2,
  SOURCE_UNREADABLE: 2,
  RUN_CANCELLED: 130,
}
