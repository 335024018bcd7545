import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorkspace, type Settings, type Workspace } from 'pipewright'

/** Opens a workspace in a folder of its own, and removes it afterwards. */
export async function withWorkspace<T>(use: (pw: Workspace, root: string) => Promise<T>, settings: Settings = {}): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'pipewright-bench-'))
  const pw = await openWorkspace({ root, ...settings })
  try {
    return await use(pw, root)
  } finally {
    await pw.close()
    await rm(root, { recursive: true, force: true })
  }
}
