import { Console } from 'node:console'

/**
 * Keeps standard output for what a program reads of a command: what modules of a project log while they are loaded goes
 * to standard error.
 */
export function ownOutput(): void {
  Object.assign(globalThis.console, new Console(process.stderr, process.stderr))
}
