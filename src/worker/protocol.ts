import type { Json } from '../internal/json.ts'

/** The name and version of the protocol: a host and a worker that differ in it do not talk. */
export const workerProtocol = 'pipewright-worker/1'

/** The environment variables that a worker is started with. */
export const workerVariables = {
  /** The protocol that the host speaks. */
  protocol: 'PIPEWRIGHT_WORKER',
  /** The path of a {@link WorkerBootstrap} as JSON. */
  request: 'PIPEWRIGHT_WORKER_REQUEST',
} as const

/** The exit codes of a worker that ends by itself. */
export const workerExit = {
  /** Its host has nothing more for it. */
  ended: 0,
  /** It speaks another protocol, or its request file cannot be read. */
  unreadable: 64,
  /** The code to be called is not there; a `refused` message says why. */
  refused: 65,
} as const

/** What of a value travels in a message: itself, or where it is too long the path of a file that holds it as JSON. */
export type Carried = { readonly value: Json } | { readonly file: string }

/** What a worker is told of a column of a table. */
export interface WorkerColumn {
  readonly name: string
  readonly type: 'number' | 'integer' | 'boolean' | 'string' | 'bigint' | 'date' | 'json'
  /** What a missing cell is in a row; absent where none is missing. */
  readonly missing?: 'null' | 'absent'
}

/** How the file of a table is written: an Arrow IPC file, or NDJSON with marks for what JSON cannot hold. */
export type TableFormat = 'arrow' | 'rows'

/** JSON Schemas of one input and one output of a model; null where they are not known. */
export interface WorkerSignature {
  readonly input: Json
  readonly output: Json
}

/** An input of a function. */
export type WorkerInput =
  | ({ readonly kind: 'json' | 'metrics' } & Carried)
  | {
      readonly kind: 'table'
      readonly format: TableFormat
      readonly file: string
      readonly columns: readonly WorkerColumn[]
    }
  | { readonly kind: 'file'; readonly path: string; readonly mediaType: string }
  | { readonly kind: 'directory'; readonly path: string }
  /** The file or directory of a model, and JSON Schemas of its input and output. */
  | {
      readonly kind: 'model'
      readonly path: string
      readonly format: string
      readonly signature: WorkerSignature
    }
  | { readonly kind: 'list'; readonly items: readonly WorkerInput[] }

/** What an output is declared as. */
export type WorkerOutputKind =
  | { readonly kind: 'json' | 'metrics' | 'report' | 'table' | 'directory' | 'model' }
  | { readonly kind: 'file'; readonly mediaType: string }
  | { readonly kind: 'list'; readonly of: WorkerOutputKind }

/** An output of a function. */
export type WorkerOutput =
  | ({ readonly kind: 'json' | 'metrics' | 'report' } & Carried)
  | { readonly kind: 'table'; readonly format: TableFormat; readonly file: string }
  | { readonly kind: 'file' | 'directory'; readonly path: string }
  | { readonly kind: 'model'; readonly path: string; readonly signature?: WorkerSignature }
  | { readonly kind: 'list'; readonly items: readonly WorkerOutput[] }

/** The one request file: what a worker loads before it says that it is ready. */
export interface WorkerBootstrap {
  readonly protocol: string
  /** Names the code; its members are those of the language. */
  readonly entry: Readonly<Record<string, Json>>
}

/** One call of a function. */
export interface WorkerRun {
  readonly type: 'run'
  readonly id: string
  readonly function: string
  readonly inputs: Readonly<Record<string, WorkerInput>>
  readonly outputs: Readonly<Record<string, WorkerOutputKind>>
  /** The folder of the attempt: files to be returned are written there. */
  readonly workdir: string
  /** A folder for what is too long for a message; whoever writes first makes it, the host removes it. */
  readonly exchange: string
  /** From 0 to 2^32 - 1: equal for equal inputs and code. */
  readonly seed: number
}

/** What a host sends. */
export type HostMessage =
  | WorkerRun
  /** Asks a call to end; SIGTERM says the same to a process that cannot listen. */
  | { readonly type: 'cancel'; readonly id: string }
  /** The answer to what was asked under a number. */
  | ({ readonly type: 'answer'; readonly ask: number } & (
      | Carried
      | { readonly bytes: string }
      | { readonly error: string }
      /** To a `once`: make the call, tell `called`, and wait for the answer of the same number. */
      | { readonly call: { readonly idempotencyKey: string } }
      | Readonly<Record<never, never>>
    ))

/** An error as a worker tells it. */
export interface WorkerError {
  readonly type: string
  readonly message: string
  /** The stack as the language prints it, without frames of the worker. */
  readonly traceback?: string
  /** The innermost place of the user's code. */
  readonly place?: { readonly file: string; readonly line: number; readonly function: string }
  /** A code of Pipewright's errors. */
  readonly code?: string
  readonly fix?: string
  readonly cause?: WorkerError
}

/** What a host judges by whether a worker may be used again. */
export interface WorkerState {
  /** The bytes of memory that it has. */
  readonly memory?: number
  /** Files that it has loaded since it last told: when one changes, it is used no more. */
  readonly files?: readonly string[]
}

/** What a call has used, where a worker can tell: milliseconds of CPU time, and the most bytes of resident memory. */
export interface WorkerUsage {
  readonly usage?: { readonly cpu: number; readonly memory?: number }
}

/** Names of the attempt that a function may ask for; having them ties its result to the execution. */
export type ContextName = 'attempt' | 'run' | 'node' | 'idempotencyKey'

/** What a worker sends. */
export type WorkerMessage =
  /** The first message. */
  | {
      readonly type: 'hello'
      readonly protocol: string
      readonly language: string
      readonly version: string
      /** Formats of tables that it reads and writes, the best first. */
      readonly formats: readonly string[]
    }
  /** The code is loaded. */
  | ({ readonly type: 'ready' } & WorkerState)
  /** The code cannot be loaded; the worker ends. */
  | { readonly type: 'refused'; readonly error: WorkerError }
  | {
      readonly type: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly message: string
      readonly fields?: Readonly<Record<string, Json>>
    }
  /** JSON has no NaN and no infinities: these are texts. */
  | {
      readonly type: 'metric'
      readonly name: string
      readonly value: number | string
      readonly step?: number
    }
  | { readonly type: 'param'; readonly name: string; readonly value: Json }
  | { readonly type: 'progress'; readonly done: number; readonly total?: number }
  /** A report of `ctx.report`, or a file that holds it as JSON; a picture in it names its bytes by `file`, too. */
  | ({ readonly type: 'report' } & ({ readonly report: Json } | { readonly file: string }))
  /** Answered when it is durable. */
  | ({ readonly type: 'checkpoint'; readonly ask: number } & (Carried | { readonly bytes: string }))
  | { readonly type: 'restored'; readonly ask: number }
  | { readonly type: 'context'; readonly ask: number; readonly name: ContextName }
  /** The value of a secret that the step declares. */
  | { readonly type: 'secret'; readonly ask: number; readonly name: string }
  /** The result of a call that runs once for the execution. */
  | { readonly type: 'once'; readonly ask: number; readonly key: string }
  /** The call of a `once` was made; its result is durable when the answer comes. */
  | ({ readonly type: 'called'; readonly ask: number } & (Carried | { readonly failed: string }))
  | ({
      readonly type: 'result'
      readonly id: string
      readonly outputs: Readonly<Record<string, WorkerOutput>>
    } & WorkerState &
      WorkerUsage)
  | ({ readonly type: 'error'; readonly id: string; readonly error: WorkerError } & WorkerState & WorkerUsage)
