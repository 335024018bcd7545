import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const folder = fileURLToPath(new URL('../../node_modules/.nodes', import.meta.url))

/** The path of a Node of a major version, installed from the registry when it is first asked for. */
export async function installNode(major: number): Promise<string> {
  const { platform, arch } = process
  const place = join(folder, String(major))
  const node = join(place, 'node_modules', `node-${platform}-${arch}`, 'bin/node')
  if (existsSync(node)) return node
  await mkdir(place, { recursive: true })
  // Named with its platform: the package `node` picks it by a script, which may be forbidden.
  await execute('npm', [
    'install',
    '--prefix',
    place,
    '--no-save',
    '--no-audit',
    `node-${platform}-${arch}@${major}`,
  ])
  return node
}
