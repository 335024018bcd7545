import { PipewrightError } from '../../internal/error.ts'
import type { Child } from '../../execute/child/child.ts'
import { readyChild } from '../../execute/child/pool.ts'
import { startProcess } from '../../execute/child/process-child.ts'
import type { ChildBoot, StepAddress } from '../../execute/child/protocol.ts'
import { childEntries, inheritedEnvironment, loaderArguments } from '../child-start.ts'
import type { Wall } from './wall.ts'

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const preload = new URL(`../../execute/hermetic/preload.${extension}`, import.meta.url).href

/** Milliseconds that loading the module of a pipeline may take. */
const longestLoad = 60_000

/** The arguments of Node that a child is started with. */
export function childArguments({ nodeArguments }: Pick<Wall, 'nodeArguments'>): string[] {
  return [...nodeArguments, ...loaderArguments(), '--import', preload]
}

/** Starts a child under watch, for one attempt. */
export function startWatched(wall: Pick<Wall, 'nodeArguments'>): Child {
  return startProcess({
    entry: childEntries.process,
    nodeArguments: childArguments(wall),
    env: inheritedEnvironment(),
  })
}

/** The first wall behind which the module of the pipeline can be loaded; throws what loading it throws. */
export async function standingWall(
  tried: readonly Wall[],
  boot: ChildBoot,
  address: StepAddress,
): Promise<Wall> {
  let problem: unknown
  for (const wall of tried) {
    const child = startWatched(wall)
    const late = setTimeout(() => child.kill('time'), longestLoad)
    try {
      const end = await readyChild(child, { ...boot, preload: address })
      if (end === undefined) return wall
      problem = new PipewrightError(
        'PIPELINE_NOT_FOUND',
        `${address.module} cannot be loaded in a process of its own:\n${end.stderr.trim()}`,
        { fix: 'mend the error in the file' },
      )
    } catch (error) {
      problem = error
    } finally {
      clearTimeout(late)
      child.kill()
    }
  }
  throw problem
}
