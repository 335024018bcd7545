/** A span of one run, node or attempt; ended once. */
export interface Span {
  /** Runs a function with this span as the active one. */
  active<T>(run: () => T): T
  /** `error` is what went wrong, if anything did. */
  end(outcome: string, error?: unknown): void
}

/** What is told of a node's span. */
export interface NodeSpan extends Span {
  attempt(number: number): Span
}

/** What is told of a run's span. */
export interface RunSpan extends Span {
  /** `sources` are the paths of the nodes whose outputs this one reads: they are linked. */
  node(path: string, step: string | null, sources: readonly string[]): NodeSpan
  /** Counts a cache look-up. */
  cache(hit: boolean): void
}

/** The port behind which spans and metrics go out; a missing or failing exporter never touches a step. */
export interface Telemetry {
  run(pipeline: string, id: string): RunSpan
}

const silentSpan: NodeSpan = {
  active: (run) => run(),
  end: () => undefined,
  attempt: () => silentSpan,
}

/** Telemetry that goes nowhere. */
export const silentTelemetry: Telemetry = {
  run: () => ({ ...silentSpan, node: () => silentSpan, cache: () => undefined }),
}
