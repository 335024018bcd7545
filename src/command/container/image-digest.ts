import { unlessAborted } from '../../execute/abortable.ts'
import { presentImage, type ImageRequest, type LocalImage } from './image.ts'

/** So long, in milliseconds, does an answer stand: a map of thousands of items asks once a second, not for each. */
const kept = 1_000

interface Asked {
  readonly answer: Promise<LocalImage>
  readonly signal: AbortSignal
  until: number
}

const asked = new Map<string, Asked>()

/** What decides who answers, beside the name of the engine. */
const ofEngine = ['PATH', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'CONTAINER_HOST']

function keyOf({ engine, image, pull }: ImageRequest): string {
  return JSON.stringify([engine, image, pull, ...ofEngine.map((name) => process.env[name])])
}

function ask(key: string, request: ImageRequest): Promise<LocalImage> {
  const answer = presentImage(request)
  const own: Asked = { answer, signal: request.signal, until: Infinity }
  asked.set(key, own)
  answer.then(
    () => (own.until = performance.now() + kept),
    () => asked.get(key) === own && asked.delete(key),
  )
  return answer
}

/** The digest of an image; those who ask at once share an answer. Throws `CONTAINER_FAILED`. */
export async function imageDigest(request: ImageRequest): Promise<string> {
  const { signal } = request
  const key = keyOf(request)
  for (;;) {
    const other = asked.get(key)
    if (other === undefined || other.until < performance.now()) return (await ask(key, request)).digest
    const image = await unlessAborted(other.answer, signal).catch((error: unknown) => {
      // It was given up for reasons of somebody else's: whoever waits asks.
      if (!other.signal.aborted) throw error
    })
    if (image === 'aborted') throw signal.reason
    if (image !== undefined) return image.digest
  }
}

/** The image as it is now: what is about to run must not be what was asked about before. */
export async function imageNow(request: ImageRequest): Promise<LocalImage> {
  asked.delete(keyOf(request))
  return presentImage(request)
}
