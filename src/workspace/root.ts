import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const configs = ['ts', 'mts', 'js', 'mjs'].map((extension) => `pipewright.config.${extension}`)
const markers = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
  '.git',
]

function upwards(from: string, names: readonly string[]): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    for (const name of names) if (existsSync(join(folder, name))) return join(folder, name)
    if (dirname(folder) === folder) return undefined
  }
}

/** Where a project is, and its config file if it has one. */
export interface Found {
  readonly root: string
  readonly config: string | undefined
}

/**
 * Finds the root of the project: the folder of the nearest `pipewright.config.*` upwards, else the nearest one
 * with a lockfile or `.git`, else the given folder. A given root is taken as it is.
 */
export function findRoot(from: string, given?: string): Found {
  if (given !== undefined) {
    const root = resolve(from, given)
    const config = configs.map((name) => join(root, name)).find((path) => existsSync(path))
    return { root, config }
  }
  const config = upwards(from, configs)
  if (config !== undefined) return { root: dirname(config), config }
  const marker = upwards(from, markers)
  return { root: marker === undefined ? resolve(from) : dirname(marker), config: undefined }
}
