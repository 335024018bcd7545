import { PipewrightError } from '../../internal/error.ts'

/** One thing that was looked at. */
export interface DoctorFinding {
  readonly name: string
  readonly status: 'ok' | 'warn' | 'fail'
  readonly message: string
  /** What to do; null where nothing is. */
  readonly fix: string | null
}

/** All is well. */
export function ok(name: string, message: string): DoctorFinding {
  return { name, status: 'ok', message, fix: null }
}

/** It works, but. */
export function warn(name: string, message: string, fix: string): DoctorFinding {
  return { name, status: 'warn', message, fix }
}

/** Runs will not work like this. */
export function fail(name: string, message: string, fix: string): DoctorFinding {
  return { name, status: 'fail', message, fix }
}

/** Runs will not work, by what was thrown. */
export function failed(name: string, error: unknown): DoctorFinding {
  const [message = '', fix] = (error as Error).message.split('\nFix: ')
  const text = message.split('\n').slice(0, 3).join(' ')
  return fail(
    name,
    text,
    fix ?? (PipewrightError.isInstance(error) ? `see docs/errors/${error.code}.md` : 'mend that'),
  )
}
