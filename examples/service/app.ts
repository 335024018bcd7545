import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { PipewrightError, type Pipeline, type RunRecord, type Workspace } from 'pipewright'
import { renderReport } from 'pipewright/report'
import { eventStream } from './event-stream.ts'

type AnyPipeline = Pipeline<never, unknown>

/** What the service is made of. */
export interface ServiceOptions {
  /** One workspace for all pipelines and tenants: they share its cache, never their runs. */
  readonly workspace: Workspace
  readonly pipelines: readonly AnyPipeline[]
  /** How long shutting down waits for runs, in milliseconds; those that take longer are resumed at the next start. */
  readonly grace?: number
}

interface TenantRoute {
  Params: { tenant: string }
}
interface RunRoute {
  Params: { tenant: string; run: string }
}

/** What a caller did wrong, or may come back for, by the code of the error; everything else is the service's fault. */
const statusOf: Readonly<Record<string, number>> = {
  INPUT_INVALID: 400,
  UNKNOWN_INPUT: 400,
  MISSING_INPUT: 400,
  PIPELINE_NOT_FOUND: 404,
  RUN_NOT_FOUND: 404,
  ARTIFACT_NOT_FOUND: 409,
  RUN_KEY_CONFLICT: 409,
  RUN_FAILED: 409,
  RUN_CANCELLED: 409,
  WORKSPACE_CLOSED: 503,
}

function notFound(run: string): PipewrightError {
  return new PipewrightError('RUN_NOT_FOUND', `there is no run '${run}'`, { details: { run } })
}

/** An HTTP service over pipelines: starts runs, tells what happens in them, cancels them. */
export function createService({ workspace, pipelines, grace = 10_000 }: ServiceOptions): FastifyInstance {
  const app = Fastify({
    forceCloseConnections: 'idle',
    // Shutting down waits as long as `grace` says.
    pluginTimeout: 0,
    // A misspelt property is an answer of 400, not left out.
    ajv: { customOptions: { removeAdditional: false } },
  })
  const byName = new Map(pipelines.map((pipeline) => [pipeline.name, pipeline]))
  const active = new Set<Promise<unknown>>()
  const stopping = new AbortController()
  /** Requests that wait for their runs, until shutting down waits no longer. */
  const waiting = new Set<() => void>()
  let isEnding = false

  const pipelineOf = (name: string): AnyPipeline => {
    const found = byName.get(name)
    if (found !== undefined) return found
    throw new PipewrightError('PIPELINE_NOT_FOUND', `there is no pipeline '${name}'`, {
      fix: `known: ${[...byName.keys()].join(', ')}`,
      details: { pipeline: name },
    })
  }
  const settledOrEnding = (settled: Promise<void>): Promise<void> =>
    new Promise((resolve) => {
      // Its run may have begun only now.
      if (isEnding) return resolve()
      waiting.add(resolve)
      void settled.finally(() => {
        waiting.delete(resolve)
        resolve()
      })
    })
  const tagOf = (tenant: string): string => `tenant:${tenant}`
  /** Another tenant's run is not there, by whatever id it is asked for. */
  const runOf = async (tenant: string, id: string): Promise<RunRecord> => {
    // A beginning of ids is none: what it could stand for are runs of others, too.
    const run = await workspace.show(id).catch((error: unknown) => {
      throw PipewrightError.isInstance(error) && error.code === 'RUN_NOT_FOUND' ? notFound(id) : error
    })
    if (run.id !== id || !run.tags.includes(tagOf(tenant))) throw notFound(id)
    return run
  }
  const publicView = ({ id, pipeline, state, startedAt, finishedAt, error, tags }: RunRecord): object => ({
    id,
    pipeline,
    state,
    startedAt: new Date(startedAt).toISOString(),
    finishedAt: finishedAt === null ? null : new Date(finishedAt).toISOString(),
    error: error?.message ?? null,
    events: `/tenants/${tags.find((tag) => tag.startsWith('tenant:'))!.slice(7)}/runs/${id}/events`,
  })

  app.setErrorHandler((error: Error, _request: FastifyRequest, reply: FastifyReply) => {
    if (!PipewrightError.isInstance(error)) return reply.send(error)
    const { code, message, fix } = error
    return reply.code(statusOf[code] ?? 500).send({ code, message, fix })
  })

  app.post<TenantRoute & { Body: { pipeline: string; inputs?: Record<string, unknown>; wait?: boolean } }>(
    '/tenants/:tenant/runs',
    {
      schema: {
        params: { type: 'object', properties: { tenant: { type: 'string', pattern: '^[a-z0-9-]{1,40}$' } } },
        body: {
          type: 'object',
          required: ['pipeline'],
          additionalProperties: false,
          properties: { pipeline: { type: 'string' }, inputs: { type: 'object' }, wait: { type: 'boolean' } },
        },
      },
    },
    async (request, reply) => {
      const { tenant } = request.params
      const { pipeline, inputs = {}, wait = false } = request.body
      const key = request.headers['idempotency-key']
      const handle = await workspace.start(pipelineOf(pipeline), inputs as never, {
        tags: [tagOf(tenant)],
        // A request that is sent again attaches to the run that it has started.
        ...(typeof key === 'string' ? { key: `${tenant}/${key}` } : {}),
      })
      const result = handle.result()
      const settled = result.then(
        () => undefined,
        () => undefined,
      )
      active.add(settled)
      void settled.finally(() => active.delete(settled))
      if (wait) await settledOrEnding(settled)
      // A run that outlives the service goes on at its next start: the caller may ask for it then.
      if (!wait || isEnding) return reply.code(202).send(publicView(await workspace.show(handle.id)))
      const { outputs } = await result
      return { id: handle.id, outputs }
    },
  )

  app.get<TenantRoute & { Querystring: { after?: string } }>('/tenants/:tenant/runs', async (request) => {
    const { after } = request.query
    const page = await workspace.runs({
      tag: tagOf(request.params.tenant),
      ...(after === undefined ? {} : { after }),
    })
    return { runs: page.items.map(publicView), next: page.next }
  })

  app.get<RunRoute>('/tenants/:tenant/runs/:run', async ({ params: { tenant, run } }) =>
    publicView(await runOf(tenant, run)),
  )

  app.get<RunRoute>('/tenants/:tenant/runs/:run/outputs', async ({ params: { tenant, run } }) => {
    const { pipeline } = await runOf(tenant, run)
    return workspace.outputs(run, pipelineOf(pipeline))
  })

  app.get<RunRoute>('/tenants/:tenant/runs/:run/events', async (request, reply) => {
    const { tenant, run } = request.params
    await runOf(tenant, run)
    // What a browser sends when it connects again.
    const after = Number(request.headers['last-event-id'] ?? 0) || 0
    const gone = new AbortController()
    request.raw.once('close', () => gone.abort())
    const signal = AbortSignal.any([stopping.signal, gone.signal])
    return reply
      .header('content-type', 'text/event-stream')
      .header('cache-control', 'no-store')
      .send(eventStream(workspace, run, { after, signal }))
  })

  app.get<RunRoute>('/tenants/:tenant/runs/:run/report', async ({ params: { tenant, run } }, reply) => {
    await runOf(tenant, run)
    return reply.type('text/html; charset=utf-8').send(await renderReport(workspace, run))
  })

  app.post<RunRoute>('/tenants/:tenant/runs/:run/cancel', async (request, reply) => {
    const { tenant, run } = request.params
    await runOf(tenant, run)
    await workspace.cancel(run, 'asked for over HTTP')
    return reply.code(202).send()
  })

  app.addHook('onSend', async (_request, reply) => {
    // A client that kept its connection would keep the server open.
    if (stopping.signal.aborted) reply.header('connection', 'close')
  })
  app.addHook('preClose', async () => {
    // Streams would keep the server open as long as their runs last.
    stopping.abort()
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, grace).unref())
    await Promise.race([Promise.all(active), timeout])
    isEnding = true
    for (const stop of waiting) stop()
  })
  return app
}
