import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PipewrightError } from '../../internal/error.ts'
import type { ChildPlace } from '../../execute/child/attempt-in-child.ts'
import { startChild } from '../../execute/child/start-child.ts'
import { revivedError } from '../../execute/error-record.ts'
import { loaderArguments, type Wall } from './wall.ts'

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
/** What a child process runs. */
export const entry = fileURLToPath(new URL(`../child-entry.${extension}`, import.meta.url))
const preload = new URL(`../../execute/hermetic/preload.${extension}`, import.meta.url).href

/** Milliseconds that loading the module of a pipeline may take. */
const longestLoad = 60_000

/** The arguments of Node that a child is started with. */
export function childArguments({ nodeArguments }: Pick<Wall, 'nodeArguments'>): string[] {
  return [...nodeArguments, ...loaderArguments(), '--import', preload]
}

/** The first wall behind which the module of the pipeline can be loaded; throws what loading it throws. */
export async function standingWall(
  tried: readonly Wall[],
  request: Pick<ChildPlace, 'project' | 'opaque' | 'address'>,
  folder: string,
): Promise<Wall> {
  let problem: unknown
  for (const wall of tried) {
    let isReady = false
    problem = undefined
    const end = await startChild(
      { ...request, folder },
      {
        entry,
        nodeArguments: childArguments(wall),
        requestFile: join(folder, 'request.json'),
        grace: 0,
        killAfter: longestLoad,
      },
      (message) => {
        if (message.type === 'ready') isReady = true
        else if (message.type === 'refused') problem = revivedError(message.error)
      },
    )
    if (isReady) return wall
    problem ??= new PipewrightError(
      'PIPELINE_NOT_FOUND',
      `${request.address.module} cannot be loaded in a process of its own:\n${end.stderr.trim()}`,
      { fix: 'mend the error in the file' },
    )
  }
  throw problem
}
