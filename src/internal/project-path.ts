import { relative, sep } from 'node:path'

/** A path as it is recorded: relative to the folder of the project, with forward slashes. */
export function projectPath(root: string, path: string): string {
  return relative(root, path).split(sep).join('/')
}
