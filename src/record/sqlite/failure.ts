import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { PipewrightError } from '../../internal/error.ts'

/** The primary result codes of SQLite that are told apart. */
export const sqliteCode = {
  busy: 5,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const

/** The primary result code of an error of either engine; undefined when SQLite did not raise it. */
export function codeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { errcode, rawCode, message } = error as { errcode?: unknown; rawCode?: unknown; message?: unknown }
  const extended = typeof errcode === 'number' ? errcode : rawCode
  if (typeof extended === 'number') return extended & 0xff
  // libsql gives the code of a failed open in its text alone.
  const match = typeof message === 'string' ? /^ConnectionFailed\(.*: (\d+)"\)$/s.exec(message) : null
  return match === null ? undefined : Number(match[1]) & 0xff
}

/** Tells whether somebody else holds the lock that a statement needs. */
export function isBusy(error: unknown): boolean {
  return codeOf(error) === sqliteCode.busy
}

// Busy, locked, out of memory, read-only, interrupted, I/O, corrupt, full, cannot open, protocol, not a database.
const general = new Set([5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 26])

/** Tells whether an error concerns the whole database and not the one statement. */
export function isGeneral(error: unknown): boolean {
  const code = codeOf(error)
  return code !== undefined && general.has(code)
}

function canWrite(path: string): boolean {
  try {
    accessSync(dirname(path), constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The error that a user sees for one of SQLite; what SQLite did not raise is given back as it is. */
export function translate(error: unknown, path: string): unknown {
  const code = codeOf(error)
  if (code === undefined || PipewrightError.isInstance(error)) return error
  const text = error instanceof Error ? error.message : String(error)
  const options = { details: { path, sqlite: code }, cause: error }
  switch (code) {
    case sqliteCode.full:
      return new PipewrightError('STORE_FULL', `no space is left for the metadata database ${path}`, {
        fix: 'free disk space (`pipewright gc` removes old runs), then resume the run',
        ...options,
      })
    case sqliteCode.readOnly:
      return readOnly(path, error)
    case sqliteCode.corrupt:
    case sqliteCode.notADatabase:
      return new PipewrightError('WORKSPACE_CORRUPT', `the metadata database ${path} is damaged: ${text}`, {
        fix: 'restore it from a backup, or move it away (with its -wal and -shm files) to start a new one: the records of past runs are lost, the stored artifacts stay',
        ...options,
      })
    case sqliteCode.cannotOpen:
      if (!canWrite(path)) return readOnly(path, error)
      return new PipewrightError(
        'STORE_READ_ONLY',
        `the metadata database ${path} cannot be opened: ${text}`,
        {
          fix: 'check that it is a file that this user may read and write',
          ...options,
        },
      )
    case sqliteCode.io:
      return new PipewrightError('STORE_READ_ONLY', `the disk failed under the database ${path}: ${text}`, {
        fix: 'check the disk and the free space, then resume the run: all that was reported as done is kept',
        ...options,
      })
    case sqliteCode.busy:
      return new PipewrightError(
        'STORE_READ_ONLY',
        `another process kept the metadata database ${path} locked for too long`,
        { fix: 'end the process that holds it (a stopped one, a backup, a database browser)', ...options },
      )
    default:
      return error
  }
}

/** The error of a workspace that may not be written. */
export function readOnly(path: string, cause: unknown): PipewrightError {
  return new PipewrightError('STORE_READ_ONLY', `the metadata database ${path} cannot be written`, {
    fix: 'give this user write access to the folder (SQLite keeps its log beside the file), or name another workspace',
    details: { path },
    cause,
  })
}
