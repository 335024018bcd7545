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
