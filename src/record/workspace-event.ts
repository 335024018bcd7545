import type { Digest } from '../internal/digest.ts'
import type { ModelVersion } from './records.ts'

/** What happened to the workspace as a whole: kept in the same log, under no run, so that `rebuild` finds it. */
export type WorkspaceEvent =
  | {
      readonly type: 'model.registered'
      readonly model: Omit<ModelVersion, 'aliases'>
      readonly alias: string | null
    }
  | {
      readonly type: 'model.aliased'
      readonly name: string
      readonly alias: string
      readonly version: number
    }
  | { readonly type: 'cache.forgotten'; readonly keys: readonly Digest[] }
