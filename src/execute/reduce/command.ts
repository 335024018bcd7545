/** What an orchestrator feeds the reducer: the part of a run's events that moves it. */
export type ReduceEvent =
  | { readonly type: 'start' }
  | { readonly type: 'map.expanded'; readonly node: string; readonly count: number }
  | { readonly type: 'branch.decided'; readonly node: string; readonly taken: 'then' | 'else' | 'none' }
  | { readonly type: 'node.succeeded'; readonly node: string }
  /** Without `retryIn` (milliseconds) the node fails, or is cancelled where `end` says so. */
  | {
      readonly type: 'attempt.failed'
      readonly node: string
      readonly end: string
      readonly retryIn?: number
    }
  /** A container, or a step before its first attempt, cannot go on. */
  | { readonly type: 'node.broken'; readonly node: string }
  /** A step that was to run has not been started, and will not be: the run was halted meanwhile. */
  | { readonly type: 'node.withdrawn'; readonly node: string }
  | { readonly type: 'cancel' }

/** What the reducer asks of an orchestrator. */
export type Command =
  /** Start an attempt of a step, after a wait in milliseconds. */
  | { readonly type: 'execute'; readonly node: string; readonly after: number }
  /** Read the list of a map and answer with `map.expanded`. */
  | { readonly type: 'expand'; readonly node: string }
  /** Read the condition of a branch and answer with `branch.decided`. */
  | { readonly type: 'decide'; readonly node: string }
  /** An item of a map has succeeded: keep its outputs, let its scope go. */
  | { readonly type: 'collect'; readonly node: string; readonly item: number }
  /** All inside a container has succeeded: make its outputs and answer with `node.succeeded`. */
  | { readonly type: 'gather'; readonly node: string; readonly branch?: 'then' | 'else' }
  /** A node has settled without a result; `by` is the source that blocked it. */
  | {
      readonly type: 'settled'
      readonly node: string
      readonly state: 'skipped' | 'failed' | 'blocked' | 'cancelled'
      readonly by?: string
    }
  /** Stop the running attempts. */
  | { readonly type: 'abort' }
  | { readonly type: 'finish'; readonly state: 'succeeded' | 'failed' | 'cancelled' }
