import type { Artifact } from './artifact.ts'
import type { BlobReader } from './blob.ts'
import { briefText, jsonDifference } from './json-difference.ts'
import { listItems } from './list.ts'
import { tableDifference } from './table-difference.ts'

/** What comparing needs of a reader. */
export type DifferenceReader = Pick<BlobReader, 'bytes' | 'stream' | 'copyTo'>

/** Two forms of what should have been one value. */
interface Pair {
  readonly before: Artifact
  readonly after: Artifact
}

async function jsonOf(artifact: Pick<Artifact, 'blob'>, blobs: DifferenceReader): Promise<unknown> {
  return JSON.parse(Buffer.from(await blobs.bytes(artifact)).toString('utf8')) as unknown
}

/** Reads two streams side by side, so that files of any size are compared in little memory. */
async function byteDifference({ before, after }: Pair, blobs: DifferenceReader): Promise<string | undefined> {
  const sizes = before.size === after.size ? `${before.size} bytes` : `${before.size} and ${after.size} bytes`
  const streams = [blobs.stream(before), blobs.stream(after)] as const
  const [a, b] = [streams[0][Symbol.asyncIterator](), streams[1][Symbol.asyncIterator]()]
  let [left, right] = [new Uint8Array(0), new Uint8Array(0)] as [Uint8Array, Uint8Array]
  let offset = 0
  const next = async (from: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> => {
    const read = await from.next()
    return read.done === true ? undefined : read.value
  }
  try {
    for (;;) {
      if (left.length === 0 || right.length === 0) {
        const [more, others] = [
          left.length > 0 ? left : await next(a),
          right.length > 0 ? right : await next(b),
        ]
        if (more === undefined && others === undefined) return undefined
        if (more === undefined || others === undefined) return `byte ${offset} (${sizes})`
        left = more
        right = others
      }
      const length = Math.min(left.length, right.length)
      for (let at = 0; at < length; at++) if (left[at] !== right[at]) return `byte ${offset + at} (${sizes})`
      offset += length
      left = left.subarray(length)
      right = right.subarray(length)
    }
  } finally {
    for (const stream of streams) stream.destroy()
  }
}

interface Entry {
  readonly path: string
  readonly digest: Artifact['blob']
  readonly size: number
  readonly executable: boolean
}

async function directoryDifference(
  { before, after }: Pair,
  blobs: DifferenceReader,
): Promise<string | undefined> {
  const [was, now] = await Promise.all(
    [before, after].map(async (one) => {
      const { files } = (await jsonOf(one, blobs)) as { readonly files: readonly Entry[] }
      return new Map(files.map((file) => [file.path, file]))
    }),
  )
  for (const path of [...new Set([...was!.keys(), ...now!.keys()])].sort()) {
    const [a, b] = [was!.get(path), now!.get(path)]
    if (a === undefined) return `${path}: was not there`
    if (b === undefined) return `${path}: is not there any more`
    if (a.digest !== b.digest) {
      const fileOf = ({ digest, size }: Entry): Artifact => ({ ...before, blob: digest, size })
      return `${path}: ${(await byteDifference({ before: fileOf(a), after: fileOf(b) }, blobs)) ?? 'content'}`
    }
    if (a.executable !== b.executable)
      return `${path}: ${b.executable ? 'is now executable' : 'is not executable any more'}`
  }
  return undefined
}

async function modelDifference(
  { before, after }: Pair,
  blobs: DifferenceReader,
): Promise<string | undefined> {
  const [was, now] = (await Promise.all([jsonOf(before, blobs), jsonOf(after, blobs)])) as Record<
    string,
    unknown
  >[]
  if ('content' in was! && 'content' in now!) {
    const content = { before: was.content as Artifact, after: now.content as Artifact }
    if (content.before.digest !== content.after.digest)
      return `content: ${await firstDifference(content.before, content.after, blobs)}`
  }
  const state = { before: was!.state as Artifact['blob'], after: now!.state as Artifact['blob'] }
  if (state.before !== state.after) {
    const read = (blob: Artifact['blob']): Promise<unknown> => jsonOf({ blob }, blobs)
    const found = jsonDifference(await read(state.before), await read(state.after))
    if (found !== undefined) return `state${found.startsWith('was ') ? ': ' : ''}${found}`
  }
  return jsonDifference({ ...was, module: null }, { ...now, module: null })
}

async function listDifference({ before, after }: Pair, blobs: DifferenceReader): Promise<string | undefined> {
  const [a, b] = [listItems(before, { blobs }), listItems(after, { blobs })]
  try {
    for (let index = 0; ; index++) {
      const [was, now] = [await a.next(), await b.next()]
      if (was.done === true || now.done === true)
        return was.done === now.done
          ? undefined
          : `items: were ${briefText(before.meta?.count)}, now ${briefText(after.meta?.count)}`
      if (was.value?.digest === now.value?.digest && was.value?.kind === now.value?.kind) continue
      if (was.value === null || now.value === null)
        return `[${index}]: ${was.value === null ? 'was skipped' : 'is skipped now'}`
      const found = await firstDifference(was.value, now.value, blobs)
      return `[${index}]${found.startsWith('.') || found.startsWith('[') ? '' : ': '}${found}`
    }
  } finally {
    await Promise.all([a.return(undefined), b.return(undefined)])
  }
}

async function differenceOf(pair: Pair, blobs: DifferenceReader): Promise<string | undefined> {
  const { before, after } = pair
  switch (before.kind) {
    case 'table':
      return tableDifference(await blobs.bytes(before), await blobs.bytes(after))
    case 'file':
      return byteDifference(pair, blobs)
    case 'directory':
      return directoryDifference(pair, blobs)
    case 'model':
      return modelDifference(pair, blobs)
    case 'list':
      return listDifference(pair, blobs)
    default:
      return jsonDifference(await jsonOf(before, blobs), await jsonOf(after, blobs))
  }
}

/**
 * Where the contents of two artifacts first differ, in a few words: a path in json, metrics and reports, a row and a
 * column of a table, a byte of a file, a path in a directory, a part of a model, an item of a list.
 */
export async function firstDifference(
  before: Artifact,
  after: Artifact,
  blobs: DifferenceReader,
): Promise<string> {
  if (before.kind !== after.kind) return `was a ${before.kind}, now a ${after.kind}`
  return (
    (await differenceOf({ before, after }, blobs)) ?? `content: was ${before.digest}, now ${after.digest}`
  )
}
