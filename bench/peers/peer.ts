/** What a peer is asked to run, in a folder that holds its files and its state. */
export interface Work {
  readonly flow: 'chain' | 'map' | 'truth'
  readonly size: number
  /** Whether caching is turned on. */
  readonly cache: boolean
  /** `rerun` and `resume`: the same was run before in this folder, to its end or until a step failed. */
  readonly mode: 'first' | 'rerun' | 'resume'
}

export type Command = readonly [string, ...string[]]
export type Variables = Readonly<Record<string, string>>

/** One of the things compared: how it is installed, run, and what its figures stand for. */
export interface Peer {
  /** Its folder here, and its key in versions.json. */
  readonly id: string
  readonly title: string
  readonly language: 'python' | 'node'
  /** The statement that a user's file starts with; its time is measured. */
  readonly imports: string
  /** What is on disk when a step has ended: what the figures of the chain pay for. */
  readonly keeps: string
  /** Where nothing is kept when a step has ended. */
  readonly durable?: false
  /** How its cache is turned on; without one, why there is none. */
  readonly cache: { readonly on: string } | { readonly none: string }
  /** How a failed run is gone on with. */
  readonly resume: string
  /** The fewest steps that a flow can have. */
  readonly smallest?: number
  /** Environment variables, telemetry switched off among them. */
  readonly variables?: (folder: string, work: Work) => Variables
  /** Run once after the installation, not measured: databases, warm bytecode. Default: the smallest chain. */
  readonly prepare?: readonly Command[]
  /** Run before the command, not measured: files that a user writes by hand. */
  readonly before?: (work: Work) => readonly Command[]
  readonly command: (work: Work) => Command
  /** Where the environment of another peer is used. */
  readonly environment?: string
  /** Whether it stores its state in PostgreSQL. */
  readonly postgres?: boolean
  /** What to know when reading its row. */
  readonly note?: string
}
