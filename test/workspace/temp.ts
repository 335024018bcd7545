import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorkspace, type RunFailedError, type Settings, type Workspace } from 'pipewright'
import { onTestFinished } from 'vitest'

/** A folder that is removed when the test ends. */
export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pipewright-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A workspace in a folder of its own, closed and removed when the test ends. */
export async function tempWorkspace(settings: Settings = {}): Promise<Workspace> {
  const root = settings.root ?? (await tempFolder())
  const pw = await openWorkspace({ ...settings, root })
  onTestFinished(() => pw.close())
  return pw
}

/** The states of a run's executions by node. */
export async function statesOf(pw: Workspace, run: string): Promise<Record<string, string>> {
  const { executions } = await pw.show(run)
  return Object.fromEntries(
    executions.map(({ node, state, reused }) => [node, reused === null ? state : 'reused']),
  )
}

/** A promise with its functions. */
export function deferred<T = void>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: unknown) => void
} {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]))
  return { promise, resolve, reject }
}

/** The id of a run that fails. */
export async function failure(run: Promise<unknown>): Promise<string> {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown as RunFailedError,
  )
  if (error === undefined) throw new Error('the run has succeeded')
  return error.run
}
