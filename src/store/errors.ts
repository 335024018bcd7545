import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'

/** Stored bytes that are not what was written. */
export function corrupt(digest: Digest, place: string): PipewrightError {
  return new PipewrightError('BLOB_CORRUPT', `the stored bytes of ${digest} are not what was written`, {
    fix: `start a new run: the step that made them runs again; the bad bytes are in ${place}; check the disk`,
    details: { digest, place },
  })
}

/** Stored bytes that are not there. */
export function missing(digest: Digest, cause?: unknown): PipewrightError {
  return new PipewrightError('BLOB_MISSING', `the stored bytes of ${digest} are not there`, {
    fix: 'run the pipeline again: the step that made them runs again',
    details: { digest },
    cause,
  })
}

/** Stored bytes that are asked for by what is no digest: nothing outside of the store may be reached by it. */
export function noDigest(name: string): PipewrightError {
  return new PipewrightError('BLOB_MISSING', `there are no stored bytes of '${name}': it is no digest`, {
    fix: 'run the pipeline again: the step that made what names it runs again',
    details: { digest: name },
  })
}

/** A referenced file that is not what it was when it was fingerprinted. */
export function sourceChanged(path: string): PipewrightError {
  return new PipewrightError('SOURCE_CHANGED', `the source ${path} changed while it was read`, {
    fix: 'run again when the file is complete',
    details: { path },
  })
}

/** The error behind a failed system call: a full disk and a read-only one have codes of their own. */
export function storeError(error: unknown, root: string): unknown {
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new PipewrightError(
      'STORE_FULL',
      `there is no space left for ${root}; nothing half-written was kept`,
      {
        fix: 'make room (pw.gc removes what nothing needs), then resume the run',
        cause: error,
      },
    )
  }
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
    return new PipewrightError('STORE_READ_ONLY', `${root} cannot be written: ${(error as Error).message}`, {
      fix: 'make it writable, or name another store',
      cause: error,
    })
  }
  return error
}
