import type { Runner } from '../runner.ts'

/** What a preload adds to a child process. */
export interface ChildExtension {
  /** Stands around the runner of the child. */
  readonly runner: (inner: Runner) => Runner
  /** Called when an attempt has ended; what it gives is sent to the parent. */
  readonly ended: () => unknown
}

let current: ChildExtension | undefined

/** Extends this process; to be called by a preload, before the entry is loaded. */
export function extendChild(extension: ChildExtension): void {
  current = extension
}

/** The extension of this process, where a preload has made one. */
export function childExtension(): ChildExtension | undefined {
  return current
}
