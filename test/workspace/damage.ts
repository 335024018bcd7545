import { rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunFailedError, Workspace } from 'pipewright'
import type { Digest } from '../../src/internal/digest.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { tempWorkspace } from './temp.ts'

/** How stored bytes may be lost. */
export type Damage = 'missing' | 'corrupt'

/** The place of a large blob of a workspace. */
export function blobPath(root: string, digest: Digest): string {
  return join(root, '.pipewright', 'objects', digest.slice(7, 9), digest.slice(9))
}

/** Damages a stored blob of a workspace, wherever it is. Small ones stay in memory: open the workspace anew. */
export async function damage(root: string, digest: Digest, how: Damage): Promise<void> {
  const path = blobPath(root, digest)
  if ((await stat(path).catch(() => undefined)) !== undefined) {
    await rm(path)
    if (how === 'corrupt') await writeFile(path, 'not what was written')
    return
  }
  const metadata = await openSqliteMetadata(join(root, '.pipewright', 'metadata.sqlite'))
  try {
    const bytes = await metadata.blob(digest)
    if (bytes === undefined) throw new Error(`${digest} is not stored`)
    await metadata.dropBlob(digest, bytes)
    if (how === 'missing') return
    const event = { type: 'run.cancel-requested', reason: 'a test' } as const
    const bad = Buffer.from('not what was written')
    await metadata.append({ run: 'none', at: Date.now(), event, blobs: [{ digest, bytes: bad }] })
  } finally {
    await metadata.close()
  }
}

/** Runs something in a workspace of its own, closed at its end: nothing stays in memory. */
export async function within<T>(root: string, work: (pw: Workspace) => Promise<T>): Promise<T> {
  const pw = await tempWorkspace({ root })
  try {
    return await work(pw)
  } finally {
    await pw.close()
  }
}

/** The blob of an output of a node in a run. */
export async function blobOf(pw: Workspace, run: string, node: string, output: string): Promise<Digest> {
  const value = (await pw.show(run)).executions.find((one) => one.node === node)?.outputs[output]
  if (value === undefined || !('artifact' in value)) throw new Error(`${node} has no stored ${output}`)
  return value.artifact.blob
}

/** The error of a run that fails. */
export async function failureOf(run: Promise<unknown>): Promise<RunFailedError> {
  const error: unknown = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error === undefined) throw new Error('the run has succeeded')
  return error as RunFailedError
}

/** The tries of a node: their numbers and how they ended. */
export async function attemptsOf(pw: Workspace, run: string, node: string): Promise<unknown[]> {
  const { executions } = await pw.show(run)
  return executions.find((one) => one.node === node)!.attempts.map(({ number, end }) => [number, end])
}
