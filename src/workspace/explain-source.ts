import type { Digest } from '../internal/digest.ts'
import { own } from '../internal/own.ts'
import type { RunServices } from '../execute/run-request.ts'
import type { ExplainSource, Reached } from '../lineage/explain.ts'
import type { MetadataStore } from '../record/metadata.ts'
import { planOf } from './resume.ts'
import { shortText } from './short-text.ts'
import { valueChanges } from './value-changes.ts'

/** Reads what explaining needs from the stores of a workspace; what is gone is not known. */
export function explainSource(
  metadata: MetadataStore,
  { reader, json }: Pick<RunServices, 'reader' | 'json'>,
): ExplainSource {
  const text = async (blob: Digest | undefined): Promise<string | undefined> => {
    const bytes = blob === undefined ? undefined : await reader.bytes({ blob }).catch(() => undefined)
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8')
  }
  return {
    metadata,
    planOf: (detail) => planOf(detail, reader),
    reachedOf: async (detail, step) => {
      const stored = await text(own(detail.reached, step))
      return stored === undefined ? undefined : (JSON.parse(stored) as Reached)
    },
    moduleOf: (detail, module) => text(own(detail.texts, module)),
    textOf: (value) => shortText(value, json),
    changesOf: (before, after) => valueChanges(before, after, reader),
  }
}
