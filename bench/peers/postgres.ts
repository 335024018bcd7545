import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, rm, chmod, chown } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { shell } from './shell.ts'

/** A PostgreSQL server of its own, with stock settings, on the loopback. */
export interface Postgres {
  readonly pid: number
  readonly version: string
  readonly url: string
  /** Keeps the database as it is now: what {@link Postgres.restore} goes back to. */
  keep(): Promise<void>
  restore(): Promise<void>
  stop(): Promise<void>
}

const place = { cwd: '/' }

/** Starts one; throws when it is not installed. */
export async function startPostgres(): Promise<Postgres> {
  const bin = await binaries()
  const folder = await mkdtemp(join(tmpdir(), 'peers-postgres-'))
  // The server refuses to run as root: it gets the account that its package has made.
  const owner = process.getuid?.() === 0 ? await account('postgres') : undefined
  const as = owner === undefined ? [] : ['runuser', '-u', 'postgres', '--']
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid)
  await chmod(folder, 0o700)
  const data = join(folder, 'data')
  const initdb = [...as, join(bin, 'initdb'), '-D', data, '-U', 'peers', '-A', 'trust', '-E', 'UTF8']
  await shell([initdb[0]!, ...initdb.slice(1), '--locale=C.UTF-8'], place)
  const port = await freePort()
  const settings = ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`]
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...settings], {
    cwd: '/',
    stdio: 'ignore',
    ...owner,
  })
  const base = `postgresql://peers@127.0.0.1:${port}`
  const sql = (text: string) => shell([join(bin, 'psql'), '-qAt', '-c', text, `${base}/postgres`], place)
  try {
    await ready(server, () => sql('select 1'))
  } catch (error) {
    server.kill('SIGKILL')
    throw error
  }
  await sql('create database peers')
  return {
    pid: server.pid!,
    version: (await sql('show server_version')).trim(),
    url: `${base}/peers`,
    keep: async () => {
      await sql('create database kept template peers')
    },
    restore: async () => {
      await sql('drop database peers with (force)')
      await sql('create database peers template kept')
    },
    stop: async () => {
      const ended = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGINT')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function binaries(): Promise<string> {
  const versions = await readdir('/usr/lib/postgresql').catch(() => [])
  const newest = versions.map(Number).sort((a, b) => b - a)[0]
  if (newest === undefined) throw new Error('PostgreSQL is not installed (apt-get install postgresql)')
  return `/usr/lib/postgresql/${newest}/bin`
}

async function account(name: string): Promise<{ uid: number; gid: number }> {
  const ids = await Promise.all(['-u', '-g'].map((flag) => shell(['id', flag, name], place)))
  return { uid: Number(ids[0]), gid: Number(ids[1]) }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

async function ready(server: ChildProcess, ask: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await ask()
      return
    } catch (cause) {
      if (server.exitCode !== null || tries > 300) throw new Error('PostgreSQL does not start', { cause })
      await sleep(100)
    }
  }
}
