import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds between two signs of life of whoever holds a lock, and without one after which it is held no more. */
const beat = 1_000
const silence = 15_000

/** Runs a function while no other process runs one under the lock of this path; `onWait` is called once where it waits. */
export async function withProcessLock<T>(
  path: string,
  signal: AbortSignal | undefined,
  onWait: () => void,
  run: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  const token = randomUUID()
  let isWaiting = false
  while (!(await taken(path, token))) {
    if (!isWaiting) onWait()
    isWaiting = true
    await release(path)
    await delay(200, undefined, signal === undefined ? {} : { signal })
  }
  return underLock(path, token, run)
}

/** The same where nobody holds the lock; else nothing is run, and undefined given. */
export async function withFreeProcessLock<T>(path: string, run: () => Promise<T>): Promise<T | undefined> {
  const token = randomUUID()
  await release(path)
  return (await taken(path, token)) ? underLock(path, token, run) : undefined
}

async function underLock<T>(path: string, token: string, run: () => Promise<T>): Promise<T> {
  const beating = setInterval(() => {
    const now = new Date()
    void utimes(path, now, now).catch(() => undefined)
  }, beat)
  try {
    return await run()
  } finally {
    clearInterval(beating)
    if ((await readFile(path, 'utf8').catch(() => '')) === token) await rm(path, { force: true })
  }
}

async function taken(path: string, token: string): Promise<boolean> {
  try {
    await writeFile(path, token, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes the lock of a process that is gone; of those who see that at the same time one does, and takes no fresh one. */
async function release(path: string): Promise<void> {
  const seen = await stat(path).catch(() => undefined)
  if (seen === undefined || Date.now() - seen.mtimeMs < silence) return
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const moved = await stat(aside)
  // Somebody else was faster, and what was moved is a new lock.
  if (Date.now() - moved.mtimeMs < silence) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
}
