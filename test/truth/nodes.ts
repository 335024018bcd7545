import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
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
  await mkdir(folder, { recursive: true })
  // Others may install the same at the same time.
  const installing = await mkdtemp(join(folder, 'installing-'))
  // Named with its platform: the package `node` picks it by a script, which may be forbidden.
  await execute('npm', [
    'install',
    '--prefix',
    installing,
    '--no-save',
    '--no-audit',
    `node-${platform}-${arch}@${major}`,
  ])
  await rename(installing, place).catch(async (error: unknown) => {
    await rm(installing, { recursive: true, force: true })
    if (!existsSync(node)) throw error
  })
  return node
}
