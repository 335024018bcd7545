import { readFile, rename, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** How an environment was made. */
export interface EnvironmentOrigin {
  readonly tool: 'uv' | 'pip'
  /** The file, as it was named. */
  readonly requirements: string
  readonly python: string
  /** Milliseconds that it took. */
  readonly ms: number
}

/** Stands in an environment that is complete; whatever is without it is made again. Its time is that of the last use. */
const completeFile = 'pipewright-complete.json'
/** Its name while somebody looks whether the environment may go. */
const asideFile = 'pipewright-removing.json'

/** Milliseconds between two signs that an environment is in use. */
const beat = 60_000
/** Milliseconds for which one that was used counts as in use: whoever uses it may be busy. */
export const usedFor = 10 * beat

/** The folder in which a project has the environments that were made for it. */
export function environmentsIn(workspace: string): string {
  return join(workspace, 'python')
}

/** The Python of an environment. */
export function pythonIn(venv: string): string {
  return join(venv, 'bin', 'python')
}

/**
 * Tells whether an environment is complete, and marks it as used: in one step, so that it is not removed in between.
 */
export async function takeIntoUse(venv: string): Promise<boolean> {
  const now = new Date()
  const path = join(venv, completeFile)
  return utimes(path, now, now).then(
    () => true,
    // On a disk that cannot be written nobody removes it either.
    async (error: unknown) =>
      (error as NodeJS.ErrnoException).code !== 'ENOENT' &&
      stat(path).then(
        () => true,
        () => false,
      ),
  )
}

/** Keeps an environment in use until the returned function is called; of other Pythons it does nothing. */
export function keepInUse(venv: string): () => void {
  const beating = setInterval(() => void takeIntoUse(venv), beat).unref()
  return () => clearInterval(beating)
}

/** Says that an environment is complete. */
export async function complete(venv: string, origin: EnvironmentOrigin): Promise<void> {
  const path = join(venv, completeFile)
  await writeFile(`${path}.new`, JSON.stringify(origin))
  await rename(`${path}.new`, path)
}

/** How a complete environment was made; undefined for any other folder. */
export async function originOf(venv: string): Promise<EnvironmentOrigin | undefined> {
  try {
    return JSON.parse(await readFile(join(venv, completeFile), 'utf8')) as EnvironmentOrigin
  } catch {
    return undefined
  }
}

/**
 * When an environment was last used, or one that is not complete was last changed, in milliseconds since the epoch;
 * infinite for one that is gone.
 */
export async function lastUsed(venv: string): Promise<number> {
  const found = await stat(join(venv, completeFile)).catch(() => stat(venv).catch(() => undefined))
  return found?.mtimeMs ?? Infinity
}

/**
 * Makes an environment incomplete, unless it was used since: then it stays as it is, and false is given. Whoever wants to
 * use it from then on makes it.
 */
export async function takeOutOfUse(venv: string, since: number): Promise<boolean> {
  const [path, aside] = [join(venv, completeFile), join(venv, asideFile)]
  const isComplete = await rename(path, aside).then(
    () => true,
    () => false,
  )
  if (!isComplete) return (await lastUsed(venv)) <= since
  // A use before the renaming has left its time; one after it has found nothing.
  if ((await stat(aside)).mtimeMs <= since) return true
  await rename(aside, path)
  return false
}
