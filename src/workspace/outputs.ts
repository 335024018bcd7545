import { mkdir } from 'node:fs/promises'
import { own } from '../internal/own.ts'
import type { Kind } from '../artifact/kind.ts'
import { itemKind } from '../artifact/list.ts'
import type { ValueReader } from '../execute/io.ts'
import type { Value, Values } from '../record/event.ts'

type OutputKinds = Readonly<Record<string, Kind<unknown, never> | undefined>>

async function decodeOne(
  value: Value,
  kind: Kind<unknown, never> | undefined,
  name: string,
  reader: ValueReader,
): Promise<unknown> {
  if ('absent' in value) return undefined
  const item = kind === undefined ? undefined : itemKind(kind)
  if ('list' in value && item !== undefined) {
    const items: unknown[] = []
    for (const [index, element] of value.list.entries())
      items.push(await decodeOne(element, item, `${name}[${index}]`, reader))
    return items
  }
  const stored = 'artifact' in value && value.pick === undefined ? value.artifact : undefined
  if (kind === undefined || kind.name === 'json' || stored === undefined) return reader.json.load(value)
  const workdir = async (): Promise<string> => {
    const folder = await reader.workdir()
    await mkdir(folder, { recursive: true })
    return folder
  }
  return kind.decode(stored, { blobs: reader.blobs, name, workdir, predictorDigest: reader.predictorDigest })
}

/** The outputs of a run as its caller gets them. */
export async function decodeRunOutputs(
  kinds: OutputKinds,
  outputs: Values,
  reader: ValueReader,
): Promise<Record<string, unknown>> {
  const decoded: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(outputs))
    decoded[name] = await decodeOne(value, own(kinds, name), name, reader)
  return decoded
}
