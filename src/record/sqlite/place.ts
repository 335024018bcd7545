import type { RunEvent } from '../event.ts'

/** Where in the log an event stands. */
export interface Place {
  readonly seq: number
  readonly run: string
  readonly at: number
}

/** The event of a type. */
export type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>
