import type { ProcessNews } from '../running-processes.ts'

function kill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    // It is gone, or leads no group.
    return false
  }
}

/** The processes that a child has started, as it tells of them. */
export class Descendants {
  readonly #pids = new Set<number>()

  take({ pid, isRunning }: ProcessNews): void {
    if (isRunning) this.#pids.add(pid)
    else this.#pids.delete(pid)
  }

  /** Ends those that still run: a thread has no group of processes, and a detached one leads a group of its own. */
  kill(): void {
    for (const pid of this.#pids) if (!kill(-pid)) kill(pid)
    this.#pids.clear()
  }
}
