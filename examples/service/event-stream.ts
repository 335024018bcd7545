import { Readable } from 'node:stream'
import type { EventOptions, Workspace } from 'pipewright'

/**
 * The events of a run as server-sent events, from the one after `after` to the end of the run. Recorded ones have an id,
 * with which a client that lost the connection goes on; progress and log lines have none.
 */
export function eventStream(
  workspace: Workspace,
  run: string,
  { after = 0, signal }: Pick<EventOptions, 'after' | 'signal'>,
): Readable {
  async function* lines(): AsyncGenerator<string> {
    // Sent at once, so that the client knows that it is connected.
    yield ': connected\n\n'
    const options = { follow: true, after, ...(signal === undefined ? {} : { signal }) }
    try {
      for await (const { seq, at, event } of workspace.events(run, options)) {
        const id = seq === undefined ? '' : `id: ${seq}\n`
        yield `${id}event: ${event.type}\ndata: ${JSON.stringify({ at, ...event })}\n\n`
      }
      yield 'event: end\ndata: {}\n\n'
    } catch (error) {
      // The client is gone, or the service is shutting down: it may connect again.
      if (signal?.aborted !== true) throw error
    }
  }
  return Readable.from(lines())
}
