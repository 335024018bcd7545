import { isDigest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from '../artifact/artifact.ts'

/** Digests become names of files, and no other file of this machine is to be read for an entry. */
export function isShareable({ kind, digest, blob, parts = [], external }: Artifact): boolean {
  return typeof kind === 'string' && external === undefined && [digest, blob, ...parts].every(isDigest)
}

/** Whether stored bytes are not built like what they are read as. */
export function isMalformed(error: unknown): boolean {
  return error instanceof TypeError || error instanceof SyntaxError
}

/** The items of a list that others have written. Throws `BLOB_CORRUPT` at one that names more than stored bytes. */
export async function* shareable(items: AsyncIterable<Artifact | null>): AsyncGenerator<Artifact | null> {
  try {
    for await (const item of items) {
      if (item !== null && !isShareable(item)) throw new TypeError('an item names more than stored bytes')
      yield item
    }
  } catch (error) {
    if (!isMalformed(error)) throw error
    throw new PipewrightError('BLOB_CORRUPT', `a shared list is not one: ${(error as Error).message}`, {
      fix: 'nothing: the step that made it runs again',
      cause: error,
    })
  }
}
