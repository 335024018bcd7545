import { canonicalJson } from '../internal/canonical.ts'
import { DigestStream } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from './artifact.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'

const pageSize = 1_000

/** A page of a stored list; null stands for an item that was skipped. */
interface ListManifest {
  readonly count: number
  readonly pages: readonly string[]
}

type Items = readonly (Artifact | null)[]

/**
 * Stores a list of artifacts: pages of up to 1,000 records and a manifest of the pages, so that neither a
 * reader nor a writer needs the whole list in one piece. The content digest covers the items' content digests.
 */
export async function encodeList(
  items: Iterable<Artifact | null> | AsyncIterable<Artifact | null>,
  context: Pick<EncodeContext, 'blobs'>,
): Promise<Artifact> {
  const pages: string[] = []
  // Of the canonical text of the items' digests: of a wide map that text is never there in one piece.
  const content = new DigestStream()
  let count = 0
  const parts = new Set<Artifact['blob']>()
  const write = async (page: Items): Promise<void> => {
    const blob = await context.blobs.put(Buffer.from(canonicalJson(page), 'utf8'))
    pages.push(blob.digest)
    parts.add(blob.digest)
  }
  let page: (Artifact | null)[] = []
  for await (const item of items) {
    page.push(item)
    content.update(count++ === 0 ? '[' : ',')
    content.update(item === null ? 'null' : canonicalJson(`${item.kind} ${item.digest}`))
    if (page.length === pageSize) {
      await write(page)
      page = []
    }
  }
  if (page.length > 0) await write(page)
  const manifest: ListManifest = { count, pages }
  const blob = await context.blobs.put(Buffer.from(canonicalJson(manifest), 'utf8'))
  return {
    kind: 'list',
    digest: content.update(count === 0 ? '[]' : ']').digest(),
    blob: blob.digest,
    size: blob.size,
    mediaType: 'application/vnd.pipewright.list+json',
    meta: { count },
    parts: [...parts],
  }
}

async function read(blob: string, { blobs }: Pick<DecodeContext, 'blobs'>): Promise<unknown> {
  return JSON.parse(Buffer.from(await blobs.bytes({ blob: blob as Artifact['blob'] })).toString('utf8'))
}

/** The records of a stored list, page by page. */
export async function* listItems(
  list: Artifact,
  context: Pick<DecodeContext, 'blobs'>,
): AsyncGenerator<Artifact | null> {
  const manifest = (await read(list.blob, context)) as ListManifest
  for (const page of manifest.pages) yield* (await read(page, context)) as Items
}

/** The page of a stored list with an item, and the number of its first; an empty one past the end. */
export async function listPage(
  list: Artifact,
  index: number,
  context: Pick<DecodeContext, 'blobs'>,
): Promise<{ readonly start: number; readonly items: Items }> {
  const { pages } = (await read(list.blob, context)) as ListManifest
  const number = Math.floor(index / pageSize)
  const page = pages[number]
  return { start: number * pageSize, items: page === undefined ? [] : ((await read(page, context)) as Items) }
}

/** What is wrong with an item, with its number. */
function atItem(index: number, error: unknown): unknown {
  if (!PipewrightError.isInstance(error)) return error
  const { code, message, fix, details } = error
  const what = fix === undefined ? message : message.slice(0, -`\nFix: ${fix}`.length)
  return new PipewrightError(code, `item ${index}: ${what}`, {
    ...(fix === undefined ? {} : { fix }),
    details: { ...details, item: index },
    cause: error,
  })
}

class ListKind implements Kind<unknown[], readonly never[]> {
  readonly [kindMark] = true
  readonly name = 'list'
  readonly of: Kind<unknown, never>

  constructor(of: Kind<unknown, never>) {
    this.of = of
  }

  declare(): KindDeclaration {
    return { kind: 'list', of: this.of.declare() }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    if (!Array.isArray(value))
      throw new PipewrightError('OUTPUT_INVALID', 'the value is not a list', { fix: 'return an array' })
    const items: Artifact[] = []
    for (const [index, item] of (value as unknown[]).entries()) {
      try {
        items.push(await this.of.encode(item, context))
      } catch (error) {
        throw atItem(index, error)
      }
    }
    return encodeList(items, context)
  }

  async decode(artifact: Artifact, context: DecodeContext): Promise<unknown[]> {
    const items: unknown[] = []
    for await (const item of listItems(artifact, context)) {
      const name = `${context.name}[${items.length}]`
      items.push(
        item === null
          ? undefined
          : await this.of.decode(item, { ...context, name, workdir: () => context.workdir() }),
      )
    }
    return items
  }
}

/** Tells whether a kind is a list, and of what. */
export function itemKind(kind: Kind<unknown, never>): Kind<unknown, never> | undefined {
  return kind.name === 'list' ? (kind as ListKind).of : undefined
}

/**
 * A list of any kind: what a `p.map` gathers. Items are handles that load on use.
 *
 * @example
 * ```ts
 * export const pickBest = defineStep({
 *   name: 'pick-best',
 *   inputs: { models: list(model(tumourClassifier)), scores: z.array(z.number()) },
 *   outputs: { model: model(tumourClassifier) },
 *   run: ({ models, scores }) => ({ model: models[scores.indexOf(Math.max(...scores))]! }),
 * })
 * ```
 */
export function list<Get, Put>(kind: Kind<Get, Put>): Kind<Get[], readonly Put[]> {
  return new ListKind(kind) as never
}
