import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loaderArguments } from '../child-start.ts'

/** Node's permission model as a second wall around a child: its arguments, and what it leaves open. */
export interface Wall {
  readonly nodeArguments: readonly string[]
  readonly limits: readonly string[]
}

const flags = process.allowedNodeEnvironmentFlags
const model = ['--permission', '--experimental-permission'].find((flag) => flags.has(flag))

/** The folder of this package: its code and, where it is linked, its packages. */
const own = fileURLToPath(new URL('../../..', import.meta.url))

/** A loader (tsx and the like) translates in threads and processes of its own. */
function hasLoader(): boolean {
  const given = [...loaderArguments(), process.env['NODE_OPTIONS'] ?? ''].join(' ')
  return /(?:^|\s)(?:--import|--require|-r|--loader|--experimental-loader)\b/.test(given)
}

/** A folder with what lies above it that loading code looks at. */
function readable(folder: string): string[] {
  const found = [join(folder, '/')]
  for (let at = folder; ; at = dirname(at)) {
    found.push(join(at, 'package.json'), join(at, 'node_modules', '/'))
    const packages = join(at, 'node_modules')
    if (existsSync(packages)) found.push(join(realpathSync(packages), '/'))
    if (dirname(at) === at) return found
  }
}

/**
 * The walls to try, the closest first; the last is none. Which of them lets a version of Node load the project's
 * code only trying tells.
 */
export function walls(project: string, workspace: string): readonly Wall[] {
  const none: Wall = {
    nodeArguments: [],
    limits: ["Node's permission model is not used: with it the modules of the project do not load here"],
  }
  if (model === undefined)
    return [{ nodeArguments: [], limits: ['this version of Node has no permission model'] }]
  const open = hasLoader() ? ['--allow-worker', '--allow-child-process'] : []
  const always = [model, ...open, ...(flags.has('--allow-addons') ? ['--allow-addons'] : [])]
  const write = `--allow-fs-write=${join(workspace, '/')}*`
  const reads = [...new Set([...readable(project), ...readable(own), join(workspace, '/')])]
  const limits =
    open.length > 0 ? ['the loader of this process needs threads and processes: Node lets them start'] : []
  return [
    {
      nodeArguments: [
        ...always,
        write,
        ...reads.map((path) => `--allow-fs-read=${path.endsWith('/') ? `${path}*` : path}`),
      ],
      limits,
    },
    {
      nodeArguments: [...always, write, '--allow-fs-read=*'],
      limits: [...limits, "Node's permission model lets any file be read: else the modules do not load here"],
    },
    none,
  ]
}
