import type { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'

/** What is told of a process. */
export interface ProcessNews {
  readonly pid: number
  /** It was started; else it has ended. */
  readonly isRunning: boolean
}

/** Tells of each child process that this thread starts from now on, and of its end. */
export function watchProcesses(tell: (news: ProcessNews) => void): void {
  subscribe('child_process', (message) => {
    const { process: child } = message as { readonly process: ChildProcess }
    child.once('spawn', () => tell({ pid: child.pid!, isRunning: true }))
    child.once('exit', () => tell({ pid: child.pid!, isRunning: false }))
  })
}

/**
 * How many child processes this thread waits for. Not those that were `unref`ed: some packages keep one for all who use them.
 */
export function runningProcesses(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length
}
