import type { ErrorCode } from './error-code.ts'

const marker = Symbol.for('pipewright.error')

// A class whose own body names it gets another name from a bundler, which users would read in every error.
function isMarked(value: unknown): value is PipewrightError {
  return typeof value === 'object' && value !== null && marker in value
}

function isBase(constructor: unknown): boolean {
  return constructor === PipewrightError
}

/**
 * What a {@link PipewrightError} carries beside its message.
 *
 * @example
 * ```ts
 * throw new PipewrightError('INPUT_INVALID', "step 'load': the file has no column 'radius'", {
 *   fix: 'export it with all columns',
 *   details: { step: 'load', column: 'radius' },
 * })
 * ```
 */
export interface ErrorOptions {
  /** The error that caused this one. */
  readonly cause?: unknown
  /** What the reader should do; it is appended to the message as `Fix: …`. */
  readonly fix?: string
  /** Names and values for programs: the step, the field, the artifact, the path. */
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * The base class of every error that Pipewright throws on purpose.
 *
 * `code` is stable and has a page in `docs/errors`; `message` is for people and may change.
 * {@link PipewrightError.isInstance} also recognises errors of another installed copy of the package.
 *
 * @example
 * ```ts
 * try {
 *   await pw.run(tumours, { csv: 'tumours.csv' })
 * } catch (error) {
 *   if (PipewrightError.isInstance(error) && error.code === 'INPUT_INVALID') console.error(error.message)
 *   else throw error
 * }
 * ```
 */
export class PipewrightError extends Error {
  /** The stable code: the name of the error's page in `docs/errors`. */
  readonly code: ErrorCode
  /** What to do about it, when there is one thing to do. */
  readonly fix: string | undefined
  /** Names and values for programs. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(
      options.fix === undefined ? message : `${message}\nFix: ${options.fix}`,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.name = new.target.name
    this.code = code
    this.fix = options.fix
    this.details = options.details ?? {}
    Object.defineProperty(this, marker, { value: true })
  }

  /** Errors of another copy count too: of this class all, of one that extends it those of its name. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    return isMarked(value) && (isBase(this) || value.name === this.name)
  }

  /** Tells whether a value is a PipewrightError of this or another copy of the package. */
  static isInstance(value: unknown): value is PipewrightError {
    return isMarked(value)
  }
}
