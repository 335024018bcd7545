import type { RunFailedError, Workspace } from 'pipewright'
import { tour } from '../cli/programs/control-flow.ts'

/** Runs each kind of node that decides what runs, or waits; decided by ada. It fails, or does not. Gives its id. */
export async function toured(pw: Workspace, wrong: boolean): Promise<string> {
  const handle = await pw.start(tour, { wrong, rest: 1 })
  for await (const { event } of pw.events(handle.id, { follow: true })) {
    if (event.type !== 'wait.opened') continue
    if (event.on === 'signal') await pw.signal(handle.id, 'labels', null, { by: 'bob' })
    if (event.on !== 'approval') continue
    await pw.approve(handle.id, { by: 'ada', roles: ['lead'] })
    break
  }
  const error = await handle.result().then(
    () => undefined,
    (thrown: unknown) => thrown as RunFailedError,
  )
  if ((error === undefined) === wrong) throw error ?? new Error('the run has not failed')
  return handle.id
}
