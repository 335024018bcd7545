import type { MetadataStore } from '../record/metadata.ts'

/**
 * When the execution began that made what a node has, in milliseconds since the epoch: the `ctx.now` of whoever repeats
 * it. Undefined where the record does not have it.
 */
export async function originalStart(
  metadata: Pick<MetadataStore, 'executionAt'>,
  { run, node }: { readonly run: string; readonly node: string },
): Promise<number | undefined> {
  const execution = await metadata.executionAt(run, node)
  // What was repaired where it was reused names that place.
  if (execution?.reused) return (await originalStart(metadata, execution.reused)) ?? execution.startedAt
  return execution?.startedAt
}
