import { basename, posix, relative, sep } from 'node:path'
import { fileName } from '../../artifact/workdir.ts'
import type { CommandPaths } from '../paths.ts'

/** Where the folder of an attempt is, as the container sees it. */
export const workFolder = '/pipewright/work'

/** A path of this machine, and where the container sees it. */
export interface Mount {
  readonly source: string
  readonly target: string
  readonly isReadOnly: boolean
}

/** What a container sees of this machine: the folder of the attempt, and what it may read. */
export class Mounts implements CommandPaths {
  readonly #workdir: string
  readonly #all: Mount[]

  constructor(workdir: string) {
    this.#workdir = workdir
    this.#all = [{ source: workdir, target: workFolder, isReadOnly: false }]
  }

  get all(): readonly Mount[] {
    return this.#all
  }

  /** Where the container sees what is in the folder of the attempt. */
  inWorkdir(path: string): string {
    return posix.join(workFolder, ...relative(this.#workdir, path).split(sep))
  }

  /** An input, where it is already: what lies in a folder that can be written cannot be, through a mount of its own. */
  input(path: string): string {
    return this.#readOnly(path, this.inWorkdir(path))
  }

  /** A file of the project; it keeps the name by which tools tell what it is. */
  file(name: string, path: string): string {
    return this.#readOnly(path, posix.join('/pipewright/files', fileName(name), basename(path)))
  }

  /** A folder of the project. */
  folder(name: string, path: string): string {
    return this.#readOnly(path, posix.join('/pipewright/mounts', fileName(name)))
  }

  #readOnly(source: string, target: string): string {
    if (!this.#all.some((mount) => mount.target === target))
      this.#all.push({ source, target, isReadOnly: true })
    return target
  }
}
