import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PipewrightError, type Model } from 'pipewright'
import type { Features } from './rows.ts'

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

/** Serves a model on a free port of this machine: `GET /health`, `POST /predict`. */
export async function serve(
  model: Model<Features, { malignant: number }>,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const answer = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (request.method === 'GET' && request.url === '/health') return answer(200, { status: 'ok' })
    if (request.method !== 'POST' || request.url !== '/predict') return answer(404, { error: 'not found' })
    bodyOf(request)
      // The predictor's own schema checks what came in.
      .then((body) => model.predict(body as Features))
      .then((prediction) => answer(200, prediction))
      .catch((error: unknown) =>
        answer(PipewrightError.isInstance(error) ? 400 : 500, { error: String(error) }),
      )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)))
        server.closeAllConnections()
      }),
  }
}
