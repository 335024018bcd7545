import type { Artifact } from '../artifact/artifact.ts'
import { listItems } from '../artifact/list.ts'
import type { RunServices } from '../execute/run-request.ts'
import type { Json } from '../internal/json.ts'
import type { ContentReader } from '../lineage/run-content.ts'

/** Reads the stored data that comparing runs asks for. */
export function contentReader({ json, reader }: Pick<RunServices, 'json' | 'reader'>): ContentReader {
  return {
    json: async (artifact) => (await json.load({ artifact })) as Json,
    list: async (list) => {
      const items: (Artifact | null)[] = []
      for await (const item of listItems(list, { blobs: reader })) items.push(item)
      return items
    },
  }
}
