import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { PipewrightError } from '../../internal/error.ts'
import { asFinal } from '../final-error.ts'
import { containerEngines, type ContainerEngine } from './options.ts'

/** So long, in milliseconds, may an engine take for what it knows by itself. */
const longest = 30_000

async function isOnPath(executable: string): Promise<boolean> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder === '') continue
    const found = await access(join(folder, executable), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

/** The engine that a step has chosen, or the first that is on the path. Throws `CONTAINER_FAILED` where there is none. */
export async function findEngine(
  chosen: ContainerEngine | undefined,
  owner: string,
): Promise<ContainerEngine> {
  const wanted = chosen === undefined ? containerEngines : [chosen]
  for (const engine of wanted) if (await isOnPath(engine)) return engine
  throw asFinal(
    new PipewrightError(
      'CONTAINER_FAILED',
      `${owner}: no engine for containers is here: ${wanted.join(' or ')} is not on the path`,
      { fix: `install ${wanted.join(' or ')} where steps run, or leave out \`container\`` },
    ),
  )
}

/** Asks an engine for what it knows without the network; rejects with what it says where it does not know. */
export function askEngine(
  engine: ContainerEngine,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      engine,
      args,
      { timeout: longest, maxBuffer: 64 * 1024 * 1024, ...(signal === undefined ? {} : { signal }) },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else if (signal?.aborted === true) reject(signal.reason as Error)
        else reject(new Error(stderr.trim() === '' ? error.message : stderr.trim(), { cause: error }))
      },
    )
  })
}
