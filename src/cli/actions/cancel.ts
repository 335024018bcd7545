import { setTimeout as sleep } from 'node:timers/promises'
import { PipewrightError } from '../../internal/error.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting } from '../project.ts'

/** So long, in milliseconds, is waited for the owner to heed it. */
const patience = 10_000

/** `pipewright cancel`. */
export async function cancelCommand(
  given: string,
  { reason, json = false }: { readonly reason: string; readonly json?: boolean },
): Promise<void> {
  await using pw = await openExisting()
  const { id, state } = await pw.show(given)
  if (state !== 'running' && state !== 'waiting' && state !== 'interrupted') {
    throw new PipewrightError('RUN_NOT_RESUMABLE', `run ${id} has ${state}: there is nothing to cancel`, {
      fix: `see pipewright show ${id}`,
      details: { run: id, state },
    })
  }
  await pw.cancel(id, reason)
  let now: string = state
  const until = Date.now() + patience
  while ((now === 'running' || now === 'waiting') && Date.now() < until) {
    await sleep(250)
    now = (await pw.show(id)).state
  }
  if (json) return printJson({ run: id, state: now })
  print(
    now === 'cancelled'
      ? `run ${id} is cancelled`
      : now === 'interrupted'
        ? `run ${id} is driven by nobody: whoever resumes it is told that it was to be cancelled`
        : `run ${id} is told to stop; running steps have not ended yet`,
  )
  await printNext(now === 'running' ? `pipewright show ${id}` : `pipewright resume ${id}`)
}
