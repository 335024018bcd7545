import type { BlobWriter } from '../artifact/blob.ts'
import { pathText } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Redactor } from './redactor.ts'

interface Exposed {
  readonly path: readonly (string | number)[]
  readonly name: string
  readonly isKey?: true
}

/** Where JSON data holds a secret. A number does where it is one: digits of a measurement are chance. */
function exposedIn(
  data: unknown,
  redactor: Redactor,
  path: readonly (string | number)[],
): Exposed | undefined {
  if (typeof data === 'string' || typeof data === 'number') {
    const text = String(data)
    const [span] = redactor.find(text)
    if (span === undefined) return undefined
    return typeof data === 'string' || span.end - span.start === text.length
      ? { path, name: span.name }
      : undefined
  }
  if (typeof data !== 'object' || data === null) return undefined
  if (Array.isArray(data)) {
    for (const [index, item] of data.entries()) {
      const found = exposedIn(item, redactor, [...path, index])
      if (found !== undefined) return found
    }
    return undefined
  }
  for (const [key, member] of Object.entries(data)) {
    const name = redactor.holds(key)
    if (name !== undefined) return { path, name, isKey: true }
    const found = exposedIn(member, redactor, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}

function exposed(what: string, name: string): PipewrightError {
  return new PipewrightError('SECRET_EXPOSED', `${what} holds the secret '${name}': it would be stored`, {
    fix: 'leave it out: a step that needs a secret declares it and asks ctx.secret',
    details: { secret: name },
  })
}

/** Refuses data that holds a secret, which would be recorded or stored: `SECRET_EXPOSED` with the path, not the value. */
export function refuseExposed(data: unknown, redactor: Redactor, owner?: string): void {
  if (redactor.isEmpty) return
  const found = exposedIn(data, redactor, [])
  if (found === undefined) return
  const place = pathText(found.path)
  const what = found.isKey === true ? `a key of ${place}` : place
  throw exposed(owner === undefined ? what : `${owner}: ${what}`, found.name)
}

/** A writer of data that refuses what holds a secret. Files, tables and models are not data: their bytes are the step's. */
export function guardedBlobs(blobs: BlobWriter, redactor: Redactor): BlobWriter {
  return {
    async put(bytes) {
      if (redactor.isEmpty) return blobs.put(bytes)
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
      const data = parsed(text)
      if (data !== undefined) refuseExposed(data, redactor)
      else {
        const name = redactor.holds(text)
        if (name !== undefined) throw exposed('it', name)
      }
      return blobs.put(bytes)
    },
    putStream: (stream) => blobs.putStream(stream),
    putFile: (path) => blobs.putFile(path),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
