import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ContainerEngine } from 'pipewright'

const run = promisify(execFile)

/** What images of these tests have; each is the one program. */
const applets = ['sh', 'cat', 'cp', 'echo', 'env', 'id', 'ls', 'sleep', 'tail', 'touch', 'tr', 'true', 'wc']

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}

async function until(check: () => Promise<unknown>, what: string, said: () => string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await check()
      return
    } catch (error) {
      if (tries === 150) throw new Error(`${what} does not answer:\n${said()}`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/** A server of the test's own, ended with it; what it has said is told where it does not come up. */
class Server {
  readonly #process: ChildProcess
  #said = ''

  constructor(command: string, args: readonly string[]) {
    this.#process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process.on('error', (error) => (this.#said += String(error)))
    for (const stream of [this.#process.stdout!, this.#process.stderr!])
      stream.on('data', (chunk: Buffer) => (this.#said = (this.#said + String(chunk)).slice(-4_000)))
  }

  async answers(check: () => Promise<unknown>, what: string): Promise<void> {
    await until(check, what, () => this.#said)
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGTERM')
    await ended
  }
}

/** A docker or podman that is real, with images and a registry of its own in a folder that goes with it. */
export class RealEngine {
  readonly engine: ContainerEngine
  /** Variables by which the engine's client finds it. */
  readonly env: Readonly<Record<string, string>>
  /** `localhost:5000`: images whose names begin so are pushed to, and pulled from, the registry. */
  readonly registry: string
  readonly #folder: string
  readonly #servers: readonly Server[]

  private constructor(
    engine: ContainerEngine,
    env: Readonly<Record<string, string>>,
    registry: string,
    folder: string,
    servers: readonly Server[],
  ) {
    this.engine = engine
    this.env = env
    this.registry = registry
    this.#folder = folder
    this.#servers = servers
  }

  static async start(engine: ContainerEngine): Promise<RealEngine> {
    const folder = await mkdtemp(join(tmpdir(), 'pw-'))
    const [registry, served] = await startRegistry(folder)
    const [env, servers] =
      engine === 'docker' ? await startDocker(folder) : [await podman(folder, registry), []]
    return new RealEngine(engine, env, registry, folder, [...servers, served])
  }

  /** What the engine says to a command. */
  async ask(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(this.engine, args, { env: { ...process.env, ...this.env } })
    return stdout.trim()
  }

  /** Makes an image whose file `/version` has a text. */
  async image(name: string, version: string): Promise<void> {
    const root = await mkdtemp(join(this.#folder, 'image-'))
    for (const folder of ['bin', 'tmp']) await mkdir(join(root, folder))
    const { stdout } = await run('sh', ['-c', 'command -v busybox'])
    await copyFile(stdout.trim(), join(root, 'bin', 'busybox'))
    await chmod(join(root, 'bin', 'busybox'), 0o755)
    for (const applet of applets) await symlink('busybox', join(root, 'bin', applet))
    await writeFile(join(root, 'version'), version)
    const archive = `${root}.tar`
    await run('tar', ['-C', root, '-cf', archive, '.'])
    await this.ask('import', '--change', 'ENV PATH=/bin', archive, name)
  }

  /** Ends it, with all that it has. */
  async stop(): Promise<void> {
    if (this.engine === 'podman') await this.ask('rm', '--all', '--force', '--time', '0')
    for (const server of this.#servers) await server.stop()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

async function startRegistry(folder: string): Promise<[address: string, Server]> {
  const port = await freePort()
  const config = join(folder, 'registry.yml')
  await writeFile(
    config,
    `version: 0.1
storage: { filesystem: { rootdirectory: ${join(folder, 'registry')} } }
http: { addr: '127.0.0.1:${port}', secret: test }
`,
  )
  const server = new Server('docker-registry', ['serve', config])
  await server.answers(async () => {
    const { ok } = await fetch(`http://127.0.0.1:${port}/v2/`)
    if (!ok) throw new Error('not yet')
  }, 'the registry')
  return [`localhost:${port}`, server]
}

async function startDocker(folder: string): Promise<[Record<string, string>, Server[]]> {
  const env = { DOCKER_HOST: `unix://${join(folder, 'docker.sock')}` }
  // The networks of the machine are left alone: steps in these tests have none.
  const server = new Server('dockerd', [
    `--host=${env.DOCKER_HOST}`,
    `--pidfile=${join(folder, 'docker.pid')}`,
    `--data-root=${join(folder, 'docker')}`,
    `--exec-root=${join(folder, 'docker-exec')}`,
    '--storage-driver=vfs',
    '--bridge=none',
    '--iptables=false',
    '--ip6tables=false',
  ])
  await server.answers(() => run('docker', ['version'], { env: { ...process.env, ...env } }), 'dockerd')
  return [env, [server]]
}

/** The settings of a podman of the test's own. */
async function podman(folder: string, registry: string): Promise<Record<string, string>> {
  const files = {
    CONTAINERS_CONF: `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`,
    CONTAINERS_STORAGE_CONF: `[storage]
driver = "vfs"
graphroot = "${join(folder, 'podman')}"
runroot = "${join(folder, 'podman-run')}"
`,
    CONTAINERS_REGISTRIES_CONF: `[[registry]]
location = "${registry}"
insecure = true
`,
  }
  const env: Record<string, string> = {}
  for (const [name, text] of Object.entries(files)) {
    env[name] = join(folder, name.toLowerCase())
    await writeFile(env[name], text)
  }
  return env
}
