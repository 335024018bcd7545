/** What an orchestrator feeds the reducer: the part of a run's events that moves it. */
export type ReduceEvent =
  | { readonly type: 'start' }
  /** `keys` names the items of a map that has a key; no two are the same. */
  | {
      readonly type: 'map.expanded'
      readonly node: string
      readonly count: number
      readonly keys?: readonly string[] | undefined
    }
  | { readonly type: 'branch.decided'; readonly node: string; readonly taken: string }
  | { readonly type: 'loop.turned'; readonly node: string; readonly round: number; readonly again: boolean }
  /** `undoable`: it is an effect that can be taken back. */
  | { readonly type: 'node.succeeded'; readonly node: string; readonly undoable?: boolean }
  /** Without `retryIn` (milliseconds) the node fails, or is cancelled where `end` says so. */
  | {
      readonly type: 'attempt.failed'
      readonly node: string
      readonly end: string
      readonly retryIn?: number
    }
  /** A container, or a step before its first attempt, cannot go on. */
  | { readonly type: 'node.broken'; readonly node: string }
  /** A step or a wait that was to go on has not been started, and will not be: the run was halted meanwhile. */
  | { readonly type: 'node.withdrawn'; readonly node: string }
  /** An effect was taken back, or could not be. */
  | { readonly type: 'node.undone'; readonly node: string }
  /** Some of it was taken back before: what is left is taken back, and nothing else is done any more. */
  | { readonly type: 'undo' }
  | { readonly type: 'cancel' }

/** How a scope has ended, as its handlers are told. */
export type ScopeOutcome = 'succeeded' | 'failed' | 'cancelled'

/** What the reducer asks of an orchestrator. */
export type Command =
  /** Start an attempt of a step, after a wait in milliseconds; `cleanup`: it is part of a handler. */
  | { readonly type: 'execute'; readonly node: string; readonly after: number; readonly cleanup?: true }
  /** Wait for what the node waits for, and answer with `node.succeeded` or `node.broken`. */
  | { readonly type: 'wait'; readonly node: string; readonly cleanup?: true }
  /** Read the list of a map and answer with `map.expanded`. */
  | { readonly type: 'expand'; readonly node: string }
  /** Read the condition of a branch and answer with `branch.decided`. */
  | { readonly type: 'decide'; readonly node: string }
  /** A round of a loop has succeeded: read whether there is another and answer with `loop.turned`. */
  | { readonly type: 'turn'; readonly node: string; readonly round: number }
  /** A limit of the plan is reached: answer with `node.broken`. */
  | { readonly type: 'exhausted'; readonly node: string; readonly limit: 'rounds' | 'depth' }
  /** An item of a map has succeeded: keep its outputs, let its scope go. */
  | { readonly type: 'collect'; readonly node: string; readonly item: number }
  /** An item of a map has failed, as it may: keep its error, let its scope go. */
  | { readonly type: 'drop'; readonly node: string; readonly item: number }
  /** All inside a container has succeeded: make its outputs and answer with `node.succeeded`. */
  | { readonly type: 'gather'; readonly node: string; readonly branch?: string }
  /** A handler begins: its body is told how the scope has ended. */
  | { readonly type: 'handle'; readonly node: string; readonly outcome: ScopeOutcome }
  /** Take an effect back and answer with `node.undone`. */
  | { readonly type: 'undo'; readonly node: string }
  /** A node has settled without a result; `by` is the source that blocked it. */
  | {
      readonly type: 'settled'
      readonly node: string
      readonly state: 'skipped' | 'failed' | 'blocked' | 'cancelled'
      readonly by?: string
    }
  /** Stop the running attempts, outside of handlers. */
  | { readonly type: 'abort' }
  | { readonly type: 'finish'; readonly state: ScopeOutcome }
