import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Owner } from '../../record/event.ts'
import { currentOwner, ownerAlive, type Liveness } from '../../record/owner.ts'

/**
 * Milliseconds between two signs of life of whoever holds a lock, and without one after which it is held no more, where
 * nothing else tells whether its process is there: one that is busy gives no signs.
 */
const beat = 1_000
const silence = 15_000

/** What stands in a lock. */
interface Holder {
  /** Another one for each time that it is taken. */
  readonly token: string
  readonly owner: Owner
}

/** Runs a function while no other process runs one under the lock of this path; `onWait` is called once where it waits. */
export async function withProcessLock<T>(
  path: string,
  signal: AbortSignal | undefined,
  onWait: () => void,
  run: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  const holder = thisHolder()
  let isWaiting = false
  while (!(await taken(path, holder))) {
    if (await release(path)) continue
    if (!isWaiting) onWait()
    isWaiting = true
    await delay(200, undefined, signal === undefined ? {} : { signal })
  }
  return underLock(path, holder, run)
}

/** The same where nobody holds the lock; else nothing is run, and undefined given. */
export async function withFreeProcessLock<T>(path: string, run: () => Promise<T>): Promise<T | undefined> {
  const holder = thisHolder()
  await release(path)
  return (await taken(path, holder)) ? underLock(path, holder, run) : undefined
}

function thisHolder(): string {
  return JSON.stringify({ token: randomUUID(), owner: currentOwner() } satisfies Holder)
}

async function underLock<T>(path: string, holder: string, run: () => Promise<T>): Promise<T> {
  const beating = setInterval(() => {
    const now = new Date()
    void utimes(path, now, now).catch(() => undefined)
  }, beat)
  try {
    return await run()
  } finally {
    clearInterval(beating)
    if ((await textOf(path)) === holder) await rm(path, { force: true })
  }
}

async function taken(path: string, holder: string): Promise<boolean> {
  try {
    await writeFile(path, holder, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Removes the lock of a process that is gone, and tells whether it did; of those who see that at the same time one does,
 * and takes no fresh one.
 */
async function release(path: string): Promise<boolean> {
  if (!(await isLeft(path))) return false
  const aside = `${path}.${randomUUID()}`
  try {
    await rename(path, aside)
  } catch {
    return false
  }
  const isOld = await isLeft(aside)
  // Somebody else was faster, and what was moved is a new lock.
  if (!isOld) await link(aside, path).catch(() => undefined)
  await rm(aside, { force: true })
  return isOld
}

/** Tells whether whoever took a lock is gone. */
async function isLeft(path: string): Promise<boolean> {
  const seen = await stat(path).catch(() => undefined)
  if (seen === undefined) return false
  const liveness = holderAlive(await textOf(path))
  return liveness === 'dead' || (liveness === 'unknown' && Date.now() - seen.mtimeMs >= silence)
}

function holderAlive(text: string): Liveness {
  try {
    return ownerAlive((JSON.parse(text) as Holder).owner)
  } catch {
    // It is being written, or by another version.
    return 'unknown'
  }
}

function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
