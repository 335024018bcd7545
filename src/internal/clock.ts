import { after } from './timer.ts'

/** The time that runs go by: when things happen, and what waits. Tests give one that passes at once. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls a function after a time in milliseconds, however long; gives the function that prevents it. */
  after(ms: number, call: () => void): () => void
  /** Takes note of work that takes real time, whatever this clock says. */
  during<T>(work: Promise<T>): Promise<T>
}

/** The time of the machine. */
export const systemClock: Clock = { now: () => Date.now(), after, during: (work) => work }
