import { isDigest } from '../../internal/digest.ts'
import { PipewrightError } from '../../internal/error.ts'

/** A program that runs containers. */
export type ContainerEngine = 'docker' | 'podman'

/** All there are, in the order in which they are looked for. */
export const containerEngines: readonly ContainerEngine[] = ['docker', 'podman']

/**
 * Where a command runs that runs in a container.
 *
 * @example
 * ```ts
 * export const sorted = defineCommandStep({
 *   name: 'sort-lines',
 *   inputs: { lines: file('text/plain') },
 *   outputs: { sorted: file('text/plain') },
 *   command: ['sort', '-o', '{sorted}', '{lines}'],
 *   resources: { cpu: 2, memory: '1GiB' }, // bounds of the container too
 *   container: { image: 'debian:12-slim' },
 * })
 * ```
 */
export interface ContainerOptions {
  /** By a tag (`'debian:12-slim'`), whose digest is asked for and is part of the cache key, or by a digest. */
  readonly image: string
  /** Default: the first of docker and podman that is on the path. */
  readonly engine?: ContainerEngine
  /** `never`: the image must be there; `always`: it is asked for each time. Default `'missing'`. */
  readonly pull?: 'missing' | 'always' | 'never'
  /** Default `'none'`: what a command reads from the network is part of no cache key. */
  readonly network?: 'none' | 'host' | 'bridge'
  /** A name or `uid:gid` of the image. Default: who calls, so that outputs are theirs. */
  readonly user?: string
  /** Folders of the project that the command reads, as `{name}`: their content is part of the cache key. */
  readonly mounts?: Readonly<Record<string, URL>>
  /** NVIDIA GPUs: all, or so many. Default: none. */
  readonly gpus?: 'all' | number
}

const known = ['image', 'engine', 'pull', 'network', 'user', 'mounts', 'gpus']

/** Whether an image is given by its content, so that nobody needs to be asked what it is. */
export function isPinned(image: string): boolean {
  return isDigest(image.slice(image.indexOf('@') + 1))
}

/** Refuses what no engine could run: an option is an argument of a program, so none is guessed. */
export function checkContainer(container: unknown, owner: string): void {
  const refuse = (option: string, value: unknown, fix: string): never => {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${owner}, ${option}: ${JSON.stringify(value) ?? typeof value} is not possible`,
      { fix },
    )
  }
  if (typeof container !== 'object' || container === null)
    return refuse('container', container, "give container: { image: 'debian:12-slim' }")
  for (const name of Object.keys(container))
    if (!known.includes(name))
      refuse('container', name, `the options of a container are: ${known.join(', ')}`)
  const { image, engine, pull, network, user, mounts, gpus } = container as Record<string, unknown>
  const oneOf = (option: string, value: unknown, values: readonly string[]): void => {
    if (value !== undefined && !values.includes(value as string))
      refuse(`container.${option}`, value, `give one of: ${values.join(', ')}`)
  }
  // What begins with a dash would be an option of the engine.
  if (typeof image !== 'string' || !/^[A-Za-z0-9][\w.:/@-]*$/.test(image))
    refuse('container.image', image, "give a tag or a digest: 'debian:12-slim', 'debian@sha256:…'")
  else if (image.includes('@') && !isPinned(image))
    refuse('container.image', image, 'after @ there is a digest: sha256: and 64 hexadecimal digits')
  oneOf('engine', engine, containerEngines)
  oneOf('pull', pull, ['missing', 'always', 'never'])
  oneOf('network', network, ['none', 'host', 'bridge'])
  if (user !== undefined && (typeof user !== 'string' || !/^[\w.][\w.-]*(?::[\w.][\w.-]*)?$/.test(user)))
    refuse('container.user', user, "give a name or numbers: 'root', '1000:1000'")
  if (gpus !== undefined && gpus !== 'all' && !(Number.isInteger(gpus) && (gpus as number) > 0))
    refuse('container.gpus', gpus, "give 'all' or how many")
  for (const [name, url] of Object.entries(mounts ?? {}))
    if (!(url instanceof URL) || url.protocol !== 'file:')
      refuse(`container.mounts.${name}`, url, "give a folder: new URL('./lib/', import.meta.url)")
}
