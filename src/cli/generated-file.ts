import { readFile } from 'node:fs/promises'
import { PipewrightError } from '../internal/error.ts'
import { normalForm } from '../code/normal-form.ts'

/**
 * The text of a file that a command is to write, as it is there; undefined where it is not. What does not begin with the
 * mark of the command is somebody else's: `FILE_EXISTS`, unless forced.
 */
export async function readGenerated(
  path: string,
  name: string,
  { mark, force }: { readonly mark: string; readonly force: boolean },
): Promise<string | undefined> {
  let text: string
  try {
    text = (await readFile(path, 'utf8')).replaceAll('\r\n', '\n')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unwritable(path, name, cause)
  }
  if (force || text.startsWith(mark)) return text
  throw new PipewrightError('FILE_EXISTS', `${name} is there, and this command has not written it`, {
    fix: 'name another file, or write over it with --force',
    details: { file: path },
  })
}

/** A file that cannot be written, or read before it is. */
export function unwritable(path: string, name: string, cause: unknown): PipewrightError {
  return new PipewrightError('FILE_EXISTS', `${name} cannot be written: ${(cause as Error).message}`, {
    fix: 'name another file',
    details: { file: path },
    cause,
  })
}

/**
 * The difference of a file to what is to be in it, as a patch; undefined for none. Formatting does not count: projects have
 * a formatter.
 */
export async function differenceOf(name: string, there: string, wanted: string): Promise<string | undefined> {
  if (there === wanted || (await isSameCode(name, there, wanted))) return undefined
  const { createTwoFilesPatch } = await import('diff')
  return createTwoFilesPatch(`${name} (there)`, `${name} (written anew)`, there, wanted)
}

async function isSameCode(name: string, before: string, after: string): Promise<boolean> {
  const { parseSync } = await import('oxc-parser')
  const [one, other] = [parseSync(name, before), parseSync(name, after)]
  return one.errors.length === 0 && normalForm(one.program).text === normalForm(other.program).text
}
