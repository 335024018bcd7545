import { fileURLToPath } from 'node:url'
import { openWorkspace } from 'pipewright'
import { createService } from './app.ts'
import { creditRisk, training } from './pipelines.ts'

const root = process.env['PIPEWRIGHT_ROOT'] ?? fileURLToPath(new URL('.', import.meta.url))
const workspace = await openWorkspace({ root })
const service = createService({
  workspace,
  pipelines: [creditRisk, training],
  grace: Number(process.env['GRACE_MS'] ?? 10_000),
})

// What an earlier process has left unfinished goes on; it is followed like any other run.
for (const { id } of (await workspace.runs({ state: 'interrupted' })).items) {
  try {
    const handle = await workspace.takeUp(id)
    handle.result().catch((error: Error) => console.error(`run ${id}: ${error.message}`))
  } catch (error) {
    // Its code has changed, or another process was faster: it stays as it is.
    console.error(`run ${id}: ${(error as Error).message}`)
  }
}

/** New requests are refused, runs get their grace; what is not done by then is resumed at the next start. */
async function shutDown(): Promise<void> {
  await service.close()
  await workspace.close()
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void shutDown())

console.log(await service.listen({ host: '127.0.0.1', port: Number(process.env['PORT'] ?? 8080) }))
