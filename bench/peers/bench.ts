import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Environment } from './environment.ts'
import { meter, type Metered } from './meter.ts'
import type { Command, Peer, Work } from './peer.ts'
import { here } from './places.ts'
import type { Postgres } from './postgres.ts'
import { shell } from './shell.ts'
import { writeInputs, writePackage } from './truth/edits.ts'

/** A run of a flow, and the bodies that it has executed, in their order. */
export interface Ran extends Metered {
  readonly bodies: readonly string[]
}

/** A peer that is ready to be measured: always in the same folder, which can be put back as it was when new. */
export class Bench {
  readonly folder: string
  readonly #log: string
  readonly #kept: string

  constructor(
    readonly peer: Peer,
    readonly environment: Environment,
    readonly limit: number,
    readonly postgres: Postgres | undefined,
  ) {
    this.folder = join(environment.folder, 'work')
    this.#kept = join(environment.folder, 'kept')
    this.#log = join(this.folder, 'bodies.log')
  }

  get smallest(): number {
    return this.peer.smallest ?? 1
  }

  /** Lays out the folder and lets the peer make its databases and bytecode, which is not measured. */
  async prepare(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
    await mkdir(join(this.folder, 'state/tmp'), { recursive: true })
    const { id, environment = id, language, prepare } = this.peer
    await cp(join(here, environment), this.folder, { recursive: true })
    const shared = language === 'python' ? ['common/body.py', 'truth/python'] : ['common/body.mjs']
    for (const path of shared) {
      const target = path.includes('.') ? join(this.folder, path.slice(path.indexOf('/'))) : this.folder
      await cp(join(here, path), target, { recursive: true, force: false })
    }
    await writePackage(this.folder, language, '1.0.0')
    await writeInputs(this.folder)
    const work: Work = { flow: 'chain', size: this.smallest, cache: false, mode: 'first' }
    const commands = prepare ?? [...(this.peer.before?.(work) ?? []), this.peer.command(work)]
    for (const command of commands) await this.#unmeasured(command, work)
    await this.postgres?.keep()
    await rm(this.#kept, { recursive: true, force: true })
    await shell(['cp', '-a', this.folder, this.#kept], { cwd: here })
  }

  /** Puts folder and database back as they were when new. */
  async restore(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
    await shell(['cp', '-a', this.#kept, this.folder], { cwd: here })
    await this.postgres?.restore()
  }

  /** Runs a flow in the folder as it is: with a step that fails, through another command. */
  async run(
    work: Work,
    { fail = '', through = [] }: { readonly fail?: string; readonly through?: readonly string[] } = {},
  ): Promise<Ran> {
    for (const command of this.peer.before?.(work) ?? []) await this.#unmeasured(command, work)
    await writeFile(this.#log, '')
    const env = { ...this.#variables(work), PEERS_FAIL: fail }
    const { limit, folder } = this
    const [name, ...rest] = [...through, ...this.peer.command(work)]
    const metered = await meter([name!, ...rest], { folder, env, limit, server: this.postgres?.pid })
    const text = await readFile(this.#log, 'utf8')
    return { ...metered, bodies: text.split('\n').filter((line) => line !== '') }
  }

  /** Measures a command that is no flow. */
  measure(command: Command): Promise<Metered> {
    const env = this.#variables({ flow: 'chain', size: 1, cache: false, mode: 'first' })
    return meter(command, { folder: this.folder, env, limit: this.limit })
  }

  async #unmeasured(command: Command, work: Work): Promise<void> {
    await shell(command, { cwd: this.folder, env: this.#variables(work) })
  }

  #variables(work: Work): NodeJS.ProcessEnv {
    const { folder } = this
    return {
      PATH: `${join(this.environment.folder, 'venv/bin')}:${process.env.PATH ?? ''}`,
      LANG: 'C.UTF-8',
      HOME: join(folder, 'state'),
      TMPDIR: join(folder, 'state/tmp'),
      PYTHONPATH: folder,
      DO_NOT_TRACK: '1',
      PEERS_LOG: this.#log,
      PEERS_CACHE: work.cache ? 'on' : 'off',
      ...(this.postgres === undefined ? {} : { PEERS_DATABASE: this.postgres.url }),
      ...this.peer.variables?.(folder, work),
    }
  }
}
