import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Environment } from '../record/event.ts'
import { packageVersion } from './version.ts'

const run = promisify(execFile)

async function git(root: string): Promise<Environment['git']> {
  try {
    const options = { cwd: root, timeout: 5_000 }
    const [head, state] = await Promise.all([
      run('git', ['rev-parse', 'HEAD', '--abbrev-ref', 'HEAD'], options),
      run('git', ['status', '--porcelain', '--untracked-files=no'], options),
    ])
    const [commit, branch] = head.stdout.trim().split('\n')
    return {
      commit: commit!,
      branch: branch === undefined || branch === 'HEAD' ? null : branch,
      dirty: state.stdout.trim() !== '',
    }
  } catch {
    // No git, no repository, no commit yet: there is nothing to record.
    return null
  }
}

async function json(path: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** The installed versions of the project's direct dependencies. */
async function packages(root: string): Promise<Record<string, string>> {
  const manifest = await json(join(root, 'package.json'))
  const names = Object.keys({
    ...(manifest.dependencies as object | undefined),
    ...(manifest.devDependencies as object | undefined),
  })
  const versions = await Promise.all(
    names
      .toSorted()
      .map(
        async (name) =>
          [name, (await json(join(root, 'node_modules', name, 'package.json'))).version] as const,
      ),
  )
  return Object.fromEntries(
    versions.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/** The software and the machine, as they are now. */
async function readEnvironment(root: string): Promise<Environment> {
  const [state, versions] = await Promise.all([git(root), packages(root)])
  return {
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    host: hostname(),
    pipewright: packageVersion(),
    packages: versions,
    git: state,
  }
}

/** So long is what was read taken for what is: a service that starts many runs does not ask git for each. */
const freshMs = 2_000

/** The environment as it was read a moment ago. */
export class RecentEnvironment {
  readonly #root: string
  #read: Promise<Environment> | undefined
  #readAt = 0

  constructor(root: string) {
    this.#root = root
  }

  recent(): Promise<Environment> {
    if (this.#read === undefined || Date.now() - this.#readAt > freshMs) {
      this.#readAt = Date.now()
      this.#read = readEnvironment(this.#root)
    }
    return this.#read
  }
}
