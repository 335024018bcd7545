import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A secret with all that escaping changes, and texts that tell each of its writings. */
export const leaked = 'Zq"7/ä+w&o\\rd 1?Kx9'

/** What each way of writing it must have: pieces that no other part of a workspace has. */
const bytes = Buffer.from(leaked)
const needles: readonly string[] = [
  leaked,
  JSON.stringify(leaked).slice(1, -1),
  encodeURIComponent(leaked),
  String(new URLSearchParams({ leaked })).slice('leaked='.length),
  bytes.toString('hex'),
  ...[0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(4, 20)
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')]
  }),
  // Its ends, as a message that was cut in the middle would show them.
  'Zq"7/ä+w',
  'Zq\\"7/ä+w',
  '\\rd 1?Kx9',
  'rd 1?Kx9',
]

/** Which writings of the secret a text has; also over line breaks. */
export function traces(text: string): string[] {
  const joined = text.replaceAll(/[\r\n]/g, '')
  return needles.filter((needle) => text.includes(needle) || joined.includes(needle))
}

/** The files of a folder that have one, as `path: writing`. */
export async function tracesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    for (const needle of traces(path)) found.push(`the path ${path}: ${needle}`)
    if (!entry.isFile()) continue
    const content = await readFile(path)
    for (const needle of new Set([
      ...traces(content.toString('utf8')),
      ...traces(content.toString('latin1')),
    ]))
      found.push(`${path}: ${needle}`)
  }
  return found
}
