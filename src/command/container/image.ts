import { PipewrightError } from '../../internal/error.ts'
import { runLogged } from '../logged-process.ts'
import { lastWords } from '../run-command.ts'
import { askEngine } from './engine.ts'
import { isPinned, type ContainerEngine, type ContainerOptions } from './options.ts'

/** An image that is there. */
export interface LocalImage {
  /** What the engine knows it by, whatever its tags come to mean. */
  readonly id: string
  /** The same on every machine that has pulled it; of an image that no registry knows, its id. */
  readonly digest: string
}

/** Who wants an image, for what. */
export interface ImageRequest {
  readonly engine: ContainerEngine
  readonly image: string
  readonly pull: NonNullable<ContainerOptions['pull']>
  readonly owner: string
  readonly signal: AbortSignal
  /** Told what the engine prints while it pulls. */
  readonly onLine: (line: string) => void
}

/** An image without its tag or digest; the colon of a port is followed by a slash. */
function repository(image: string): string {
  return image.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
}

/** What an image is, of what `image inspect` has printed. */
export function imageOf(inspected: string, image: string): LocalImage {
  const [found] = JSON.parse(inspected) as [{ Id: string; RepoDigests?: readonly string[] | null }]
  // Podman leaves out what the digits are.
  const id = found.Id.startsWith('sha256:') ? found.Id : `sha256:${found.Id}`
  const wanted = repository(image)
  const digests = (found.RepoDigests ?? []).flatMap((known) => {
    const [name, digest] = known.split('@') as [string, string]
    return name === wanted || name.endsWith(`/${wanted}`) ? [digest] : []
  })
  return { id, digest: digests.toSorted()[0] ?? id }
}

async function pulled({ engine, image, owner, signal, onLine }: ImageRequest): Promise<void> {
  const { code, last } = await runLogged({ arguments: [engine, 'pull', image], onLine, signal, grace: 1_000 })
  if (code === 0) return
  throw new PipewrightError(
    'CONTAINER_FAILED',
    `${owner}: ${engine} cannot pull the image '${image}'${lastWords(last)}`,
    {
      fix: `look whether \`${engine} pull ${image}\` works where steps run: the name, the network, who is logged in`,
    },
  )
}

/** The image, pulled where it is not there or shall be asked for. Throws `CONTAINER_FAILED`. */
export async function presentImage(request: ImageRequest): Promise<LocalImage> {
  const { engine, image, pull, signal } = request
  const inspect = async (): Promise<LocalImage> =>
    imageOf(await askEngine(engine, ['image', 'inspect', image], signal), image)
  if (pull === 'always' && !isPinned(image)) await pulled(request)
  else {
    const found = await inspect().catch((cause: unknown) => {
      signal.throwIfAborted()
      if (pull !== 'never' && !image.startsWith('sha256:')) return undefined
      throw missing(request, cause)
    })
    if (found !== undefined) return found
    await pulled(request)
  }
  return inspect().catch((cause: unknown) => {
    signal.throwIfAborted()
    throw missing(request, cause)
  })
}

function missing({ engine, image, owner }: ImageRequest, cause: unknown): PipewrightError {
  return new PipewrightError(
    'CONTAINER_FAILED',
    `${owner}: ${engine} cannot tell what the image '${image}' is: ${(cause as Error).message}`,
    {
      fix: `look whether \`${engine} image inspect ${image}\` works where steps run; build or pull the image`,
      cause,
    },
  )
}
