import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import type { Stats } from 'node:fs'
import { PipewrightError } from '../internal/error.ts'

/** Tells whether a path lies in a folder; both are real paths. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/**
 * The file name of an input, or of an item of one (`scans[3]`): readable, and another one for every name. What a
 * path, or a tool that is given one, may take for something else is written as its code; dots too, so that one
 * only ever stands before an item's number or a media type's extension.
 */
export function fileName(input: string): string {
  return input.replaceAll(/\[(\d+)\]|[^\p{L}\p{M}\p{N}_-]/gu, (text, item: string | undefined) =>
    item === undefined ? [...Buffer.from(text)].map((byte) => `%${byte.toString(16)}`).join('') : `.${item}`,
  )
}

/** The real path of what a step returned: it must be in the step's folder, also through links. */
export async function returnedPath(
  path: string,
  workdir: string,
): Promise<{ readonly path: string; readonly stats: Stats }> {
  const given = resolve(workdir, path)
  let real: string
  try {
    real = await realpath(given)
  } catch (cause) {
    throw new PipewrightError('OUTPUT_INVALID', `the returned path ${path} is not there`, {
      fix: 'write it under ctx.workdir before returning its path',
      cause,
    })
  }
  const folder = await realpath(workdir)
  if (!isInside(folder, real)) {
    throw new PipewrightError('OUTPUT_INVALID', `the returned path ${path} leads out of ctx.workdir`, {
      fix: 'write outputs under ctx.workdir',
    })
  }
  return { path: real, stats: await stat(real) }
}
