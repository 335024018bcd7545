import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openWorkspace, type Settings, type Workspace } from 'pipewright'

/** Makes a folder, and removes it afterwards. */
export async function withFolder<T>(use: (root: string) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), 'pipewright-bench-'))
  try {
    return await use(root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** Opens a workspace in a folder of its own, and removes it afterwards. */
export function withWorkspace<T>(
  use: (pw: Workspace, root: string) => Promise<T>,
  settings: Settings = {},
): Promise<T> {
  return withFolder(async (root) => {
    const pw = await openWorkspace({ root, ...settings })
    try {
      return await use(pw, root)
    } finally {
      await pw.close()
    }
  })
}
