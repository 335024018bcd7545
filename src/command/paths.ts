/** Where a command sees what its arguments name. */
export interface CommandPaths {
  /** Of what is in the folder of the attempt. */
  inWorkdir(path: string): string
  /** Of an input, which is in that folder too and is only read. */
  input(path: string): string
  /** Of a file of the project. */
  file(name: string, path: string): string
}

/** A command of this machine sees all where it is. */
export const pathsOfMachine: CommandPaths = {
  inWorkdir: (path) => path,
  input: (path) => path,
  file: (_name, path) => path,
}
