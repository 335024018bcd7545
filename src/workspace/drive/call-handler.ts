import type { Clock } from '../../internal/clock.ts'
import { PipewrightError } from '../../internal/error.ts'
import type { Json } from '../../internal/json.ts'
import { checkInputs } from '../../plan/inputs.ts'
import type { MetadataStore } from '../../record/metadata.ts'
import { callProblem } from '../../schedule/signature.ts'
import { keptTrigger, type Declarations } from './declarations.ts'

/** Larger bodies are refused. */
const largest = 1024 * 1024
/** A shorter secret could be guessed. */
const shortest = 16

function answer(status: number, content: Readonly<Record<string, Json>>): Response {
  return Response.json(content, { status })
}

/** The body as text; undefined where it is too large. */
async function bodyOf(request: Request): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > largest) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Takes signed calls: the last part of the path names the trigger. What is told of a wrong call helps nobody to guess. */
export function callHandler(
  metadata: MetadataStore,
  declarations: Declarations,
  clock: Clock,
): (request: Request) => Promise<Response> {
  return async (request) => {
    await declarations.settings()
    if (request.method !== 'POST') return answer(405, { error: 'POST a call' })
    const name = decodeName(new URL(request.url).pathname)
    const origin = `trigger/${name}`
    const record = (await metadata.triggers()).find((one) => one.origin === origin)
    const on = record && keptTrigger(record).on
    const secret = on !== undefined && 'call' in on ? process.env[on.call.secret] : undefined
    const body = await bodyOf(request)
    if (body === undefined) return answer(413, { error: `a body has at most ${largest} bytes` })
    const header = (part: string): string => request.headers.get(`webhook-${part}`) ?? ''
    const call = { id: header('id'), timestamp: header('timestamp'), body }
    // An unknown trigger is told as a wrong signature is: names cannot be tried.
    if (record === undefined || on === undefined || !('call' in on))
      return answer(401, { error: 'the signature does not fit' })
    if (secret === undefined || secret.length < shortest)
      return answer(503, {
        error: `the variable ${on.call.secret} has no secret of ${shortest} characters or more`,
      })
    const problem = callProblem(call, header('signature'), secret, clock.now())
    if (problem !== undefined) return answer(401, { error: problem })
    if (call.id === '' || call.id.length > 200)
      return answer(400, { error: 'webhook-id has 1 to 200 characters' })
    let content: Json
    try {
      content = body === '' ? null : (JSON.parse(body) as Json)
    } catch {
      return answer(400, { error: 'the body is not JSON' })
    }
    const at = clock.now()
    const event = { id: call.id, time: new Date(at).toISOString(), body: content }
    if (declarations.canStart(record)) {
      try {
        checkInputs(await declarations.pipeline(record), declarations.inputs(record, event))
      } catch (error) {
        if (!PipewrightError.isInstance(error) || error.code === 'PIPELINE_NOT_FOUND') throw error
        return answer(422, { error: error.message })
      }
    }
    if (record.paused) return answer(503, { error: `trigger '${name}' is paused` })
    const [fired] = await metadata.fire(origin, [{ key: call.id, at, event }])
    const key = `${origin}/${call.id}`
    if (fired !== undefined) return answer(202, { key })
    // The same call again, or one that came while the trigger was paused or removed.
    const known = await metadata.firing(origin, call.id)
    return known === undefined
      ? answer(503, { error: `trigger '${name}' is paused` })
      : answer(200, { key, run: known.run })
  }
}

function decodeName(path: string): string {
  try {
    return decodeURIComponent(path.split('/').at(-1)!)
  } catch {
    return ''
  }
}
