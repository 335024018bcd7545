import { AsyncResource } from 'node:async_hooks'

/**
 * How far a Python environment is that is made of a file of requirements.
 *
 * @example
 * ```ts
 * const forget = pw.onEnvironment(({ state, line, packages }) => {
 *   console.error(state === 'making' ? `${packages} packages: ${line}` : line)
 * })
 * await pw.plan(tumours, { csv: 'tumours.csv' }) // making the environment of requirements.txt with uv, …
 * forget()
 * ```
 */
export interface EnvironmentProgress {
  /** The file of requirements, as the settings or the step name it. */
  readonly requirements: string
  /** `waiting`: another process makes it. */
  readonly state: 'waiting' | 'making' | 'made' | 'failed'
  /** What makes it; absent while that is not known. */
  readonly tool?: 'uv' | 'pip'
  /** Packages that the tool has named so far. */
  readonly packages: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** What is being done, as a line for a log: most are the tool's own. */
  readonly line: string
}

/** Counts the packages that the lines of pip or uv name. */
export class PackageCount {
  readonly #collected = new Set<string>()
  /** What the tool itself has counted. */
  #told = 0

  take(line: string): void {
    const collected = /^\s*Collecting ([^\s=<>!~;@[(]+)/.exec(line)?.[1]
    if (collected !== undefined) this.#collected.add(collected)
    const installing = /^Installing collected packages: (.+)/.exec(line)?.[1]
    if (installing !== undefined) this.#told = installing.split(', ').length
    const resolved = /^(?:Resolved|Prepared|Installed) (\d+) packages?/.exec(line)?.[1]
    if (resolved !== undefined) this.#told = Math.max(this.#told, Number(resolved))
  }

  get count(): number {
    return Math.max(this.#told, this.#collected.size)
  }
}

/** Whoever wants to know how environments are made. */
export class EnvironmentListeners {
  readonly #listeners = new Set<(progress: EnvironmentProgress) => void>()

  /** Tells a function until what is returned is called; it cannot make anything fail. */
  add(listener: (progress: EnvironmentProgress) => void): () => void {
    // One function may be given twice. An attempt may be what makes it: what a listener prints is no log of its step.
    const own = AsyncResource.bind((progress: EnvironmentProgress): void => listener(progress))
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  readonly tell = (progress: EnvironmentProgress): void => {
    for (const listener of this.#listeners)
      try {
        listener(progress)
      } catch {
        // Its own affair.
      }
  }
}
