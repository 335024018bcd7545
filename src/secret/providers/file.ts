import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { PipewrightError } from '../../internal/error.ts'
import { own } from '../../internal/own.ts'
import type { SecretProvider } from '../provider.ts'

const absent = new Set(['ENOENT', 'ENOTDIR'])

/** The text of a file; undefined where there is none. */
async function textOf(path: string, owner: string): Promise<string | undefined> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (absent.has(code ?? '')) return undefined
    throw new PipewrightError('SECRET_UNAVAILABLE', `${owner} cannot be read: ${code ?? String(error)}`, {
      fix: 'give this user the right to read it',
      cause: error,
    })
  }
  return secretText(bytes, owner)
}

/** Bytes as text; what is no UTF-8 is refused, as nobody could say what it was. */
export function secretText(bytes: Uint8Array, owner: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new PipewrightError('SECRET_INVALID', `${owner} is not UTF-8 text`, {
      fix: 'store bytes as base64, and decode them in the step',
    })
  }
}

/** The line break that an editor or `echo` has put behind a value is not part of it. */
export function withoutLastBreak(text: string): string {
  return text.replace(/\r?\n$/, '')
}

/** A file of `NAME=value` lines, as `node --env-file` reads them; read anew for each secret. One that is not there has none. */
export function fileProvider(path: string, shown: string): SecretProvider {
  const name = `the file ${shown}`
  return {
    name,
    async get(secret) {
      const text = await textOf(path, name)
      return text === undefined ? undefined : own(parseEnv(text), secret)
    },
  }
}

/** A folder with a file for each secret, as Kubernetes and Docker mount them. */
export function folderProvider(path: string, shown: string): SecretProvider {
  const name = `the folder ${shown}`
  return {
    name,
    async get(secret) {
      const text = await textOf(join(path, secret), `${name}: its file ${secret}`)
      return text === undefined ? undefined : withoutLastBreak(text)
    },
  }
}
