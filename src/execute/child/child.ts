import type { FromChild, ToChild } from './protocol.ts'

/** How a child has ended. */
export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The last that it has printed on its standard error. */
  readonly stderr: string
  /** That it was ended from here, and why. */
  readonly killed?: 'memory' | 'time' | 'grace' | 'loading'
  /** What a thread has ended with. */
  readonly error?: Error
}

/** Takes what a child says while it is listened to. */
export interface ChildListener {
  message(message: FromChild): void
  /** A line of its standard output or error. */
  printed(line: string, isError: boolean): void
}

/** A thread or a process of this one, for attempts. */
export interface Child {
  send(message: ToChild): void
  /** Who takes what it says; undefined: nobody. */
  listener: ChildListener | undefined
  /** Whether this process goes on for it. */
  hold(isHeld: boolean): void
  /** Ends it at once, with all that it has started. */
  kill(why?: ChildEnd['killed']): void
  readonly ended: Promise<ChildEnd>
  /** The most memory that was seen, in bytes, where that is looked at. */
  readonly peak: () => number | undefined
}

/** How a child is started. */
export interface ChildSettings {
  /** The module that it runs. */
  readonly entry: string
  /** Arguments of Node. */
  readonly nodeArguments: readonly string[]
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>
  /** The most memory that it may take, in bytes. */
  readonly memory?: number
}
