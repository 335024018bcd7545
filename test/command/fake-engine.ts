import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ContainerEngine } from 'pipewright'
import { vi } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'

const program = fileURLToPath(new URL('./programs/fake-engine.mjs', import.meta.url))

/** What `image inspect` tells of an image. */
export interface FakeImage {
  readonly Id: string
  readonly RepoDigests: readonly string[]
}

/** An image whose ids and digests are made of one digit. */
export function fakeImage(digit: string, repository?: string): FakeImage {
  const RepoDigests = repository === undefined ? [] : [`${repository}@sha256:${digit.repeat(64)}`]
  return { Id: `sha256:${digit.repeat(63)}0`, RepoDigests }
}

/** An engine that is a program of the test, alone on the path. */
export class FakeEngine {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async onPath(engine: ContainerEngine = 'docker'): Promise<FakeEngine> {
    const folder = join(await tempFolder(), 'engine')
    await mkdir(folder)
    const executable = join(folder, engine)
    await writeFile(executable, `#!${process.execPath}\nimport(${JSON.stringify(program)})\n`)
    await chmod(executable, 0o755)
    vi.stubEnv('PATH', folder)
    return new FakeEngine(folder)
  }

  /** The images that are there, by the names that are asked for. */
  images(images: Readonly<Record<string, FakeImage>>): Promise<void> {
    return this.#write('images.json', images)
  }

  /** The images that can be pulled. */
  registry(images: Readonly<Record<string, FakeImage>>): Promise<void> {
    return this.#write('registry.json', images)
  }

  /** How it fails: the code that it ends with itself, or that it does not do what `kill` says. */
  plays(how: { readonly engine?: number; readonly deafToKill?: boolean }): Promise<void> {
    return this.#write('plays.json', how)
  }

  /** The arguments of all calls of a command, such as `run`. */
  async calls(verb: string): Promise<string[][]> {
    const text = await readFile(join(this.#folder, 'calls.jsonl'), 'utf8').catch(() => '')
    const all = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as string[]]))
    return all.filter(([first]) => first === verb)
  }

  /** The containers that are there. */
  async containers(): Promise<string[]> {
    return (await readdir(this.#folder)).filter((name) => name.endsWith('.pid'))
  }

  /** The file that it keeps something in. */
  place(name: string): string {
    return join(this.#folder, name)
  }

  #write(name: string, value: object): Promise<void> {
    return writeFile(this.place(name), JSON.stringify(value))
  }
}
