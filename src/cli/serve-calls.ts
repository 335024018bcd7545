import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { PipewrightError } from '../internal/error.ts'

/** A server that takes calls. */
export interface CallServer {
  readonly port: number
  close(): Promise<void>
}

function requestOf(message: IncomingMessage): Request {
  const { method = 'GET', url = '/', headers } = message
  const given = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as [string, string]] : [],
  )
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(new URL(url, 'http://localhost'), {
    method,
    headers: given,
    ...(hasBody ? { body: Readable.toWeb(message) as ReadableStream, duplex: 'half' } : {}),
  } as RequestInit)
}

/** Takes calls on a port; throws `CONFIG_INVALID` where that is not possible. */
export async function serveCalls(
  take: (request: Request) => Promise<Response>,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<CallServer> {
  const server = createServer((message, reply) => {
    const answer = async (): Promise<void> => {
      const response = await take(requestOf(message))
      reply.writeHead(response.status, Object.fromEntries(response.headers))
      reply.end(Buffer.from(await response.arrayBuffer()))
    }
    answer().catch(() => {
      if (!reply.headersSent) reply.writeHead(500)
      reply.end()
    })
  })
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new PipewrightError(
      'CONFIG_INVALID',
      `calls cannot be taken on ${host}:${port}: ${(cause as Error).message}`,
      { fix: 'give another --port or --host', cause },
    )
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
