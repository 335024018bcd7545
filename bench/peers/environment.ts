import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Peer } from './peer.ts'
import { cache, project } from './places.ts'
import { shell } from './shell.ts'

type Versions = Readonly<Record<string, string>>

/** The installed packages of a peer, with nothing else beside them. */
export interface Environment {
  readonly folder: string
  readonly versions: Versions
  /** Before any bytecode was written. */
  readonly megabytes: number
  readonly packages: number
}

const pinned = JSON.parse(await readFile(new URL('versions.json', import.meta.url), 'utf8')) as Record<
  string,
  Versions | string
>

/** Installs a peer, or finds it as it was installed with the same versions. Pipewright is packed anew each time. */
export async function install(peer: Peer): Promise<Environment> {
  const id = peer.environment ?? peer.id
  const folder = join(cache, id)
  const versions = pinned[id] as Versions
  const record = join(folder, 'installed.json')
  if (existsSync(record) && id !== 'pipewright') {
    const known = JSON.parse(await readFile(record, 'utf8')) as Environment
    if (JSON.stringify(known.versions) === JSON.stringify(versions)) return known
  }
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const made = await (peer.language === 'python' ? python : node)(folder, versions, id)
  await writeFile(record, JSON.stringify(made))
  return made
}

async function python(folder: string, versions: Versions): Promise<Environment> {
  const uv = join(await toolbox(), 'bin/uv')
  const place = { cwd: folder, env: { ...process.env, UV_CACHE_DIR: join(cache, 'uv') } }
  const base = (await shell(['python3', '-c', 'import sys; print(sys.executable)'], place)).trim()
  await shell([uv, 'venv', '--quiet', '--python', base, 'venv'], place)
  const wanted = Object.entries(versions).map(([name, version]) => `${name}==${version}`)
  const into = [
    uv,
    'pip',
    'install',
    '--quiet',
    '--link-mode',
    'copy',
    '--python',
    'venv/bin/python',
  ] as const
  await shell([...into, ...wanted], place)
  const measured = await sizeOf(join(folder, 'venv'))
  const site = (await readdir(join(folder, 'venv/lib'))).map((name) =>
    join('venv/lib', name, 'site-packages'),
  )
  const packages = (await readdir(join(folder, site[0]!))).filter((name) => name.endsWith('.dist-info'))
  // Some look for pip when they run; an environment that a user makes has it.
  await shell([...into, 'pip'], place)
  return { folder, versions, megabytes: measured, packages: packages.length }
}

/** uv in an environment of its own: what makes the other ones. */
async function toolbox(): Promise<string> {
  const folder = join(cache, `uv-${pinned.uv as string}`)
  if (!existsSync(join(folder, 'bin/uv'))) {
    await mkdir(cache, { recursive: true })
    await shell(['python3', '-m', 'venv', folder], { cwd: cache })
    await shell([join(folder, 'bin/pip'), 'install', '--quiet', `uv==${pinned.uv as string}`], { cwd: cache })
  }
  return folder
}

async function node(folder: string, versions: Versions, id: string): Promise<Environment> {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const wanted = Object.entries(versions).map(([name, version]) => `${name}@${version}`)
  const all: Record<string, string> = { ...versions }
  if (id === 'pipewright') {
    const pack = ['npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder] as const
    const [packed] = JSON.parse(await shell(pack, { cwd: project })) as [
      { filename: string; version: string },
    ]
    wanted.push(`./${packed.filename}`)
    all.pipewright = packed.version
  }
  await shell(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...wanted], { cwd: folder })
  const lock = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8')) as {
    packages: object
  }
  return {
    folder,
    versions: all,
    megabytes: await sizeOf(join(folder, 'node_modules')),
    packages: Object.keys(lock.packages).length,
  }
}

async function sizeOf(folder: string): Promise<number> {
  return Number.parseInt(await shell(['du', '-sm', folder], { cwd: folder }), 10)
}
