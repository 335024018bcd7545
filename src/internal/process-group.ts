import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'

/** How a process has ended. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process with all that it starts. */
export interface ProcessGroup {
  readonly process: ChildProcess
  /** Rejects where the executable cannot be started. All that was printed has been read by then. */
  readonly ended: Promise<ProcessEnd>
  /** Signals all of them; those that are gone already are none. */
  kill(signal: NodeJS.Signals): void
}

/** So long, in milliseconds, may others hold the pipes of a process that has ended. */
const patience = 1_000

/** Signals a process that leads a group, and all in it; those that are gone already are none. */
export function signalGroup(leader: Pick<ChildProcess, 'pid'>, signal: NodeJS.Signals): void {
  try {
    if (leader.pid !== undefined) process.kill(-leader.pid, signal)
  } catch {
    // None of them is left.
  }
}

/** Starts an executable without a shell, as the leader of a group of its own: what it leaves behind is killed after it. */
export function startGroup(
  [file, ...args]: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env' | 'stdio'>,
): ProcessGroup {
  const child = spawn(file!, args, { ...options, detached: true })
  const kill = (signal: NodeJS.Signals): void => signalGroup(child, signal)
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    let letGo: NodeJS.Timeout | undefined
    child.once('error', reject)
    child.once('exit', () => {
      letGo = setTimeout(() => {
        kill('SIGKILL')
        // Whoever has left the group may hold them still.
        letGo = setTimeout(() => {
          for (const stream of child.stdio) stream?.destroy()
        }, patience)
      }, patience)
    })
    child.once('close', (code, signal) => {
      clearTimeout(letGo)
      kill('SIGKILL')
      resolve({ code, signal })
    })
  })
  return { process: child, ended, kill }
}
