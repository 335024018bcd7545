import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '../internal/id.ts'

const folders = new Set<string>()
let isWatched = false

/** A folder that whoever writes into it makes; it is gone when the process ends, or when it is removed. */
export function tempFolder(): string {
  if (!isWatched) process.once('exit', () => folders.forEach(removeFolder))
  isWatched = true
  const folder = join(tmpdir(), `pipewright-test-${uuidv7()}`)
  folders.add(folder)
  return folder
}

/** Removes what is there now; what comes later is removed when the process ends. */
export function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** Removes what a test has left. */
export function removeFolder(folder: string): void {
  folders.delete(folder)
  emptyFolder(folder)
}
