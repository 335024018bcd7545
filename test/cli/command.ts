import { execFile, type ExecFileOptions } from 'node:child_process'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tempFolder } from '../workspace/temp.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

/** The arguments of Node that run the command line from its sources: in one process, as users' own. */
export const command: readonly string[] = [
  '--import',
  new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url).href,
  path('../../src/cli/main.ts'),
]

/** What it needs of the environment. */
export const commandEnvironment = { TSX_TSCONFIG_PATH: path('../../tsconfig.json') }

/** The pipelines that the tests run. */
export const pipelines = path('programs/pipelines.ts')
/** Those that take long enough to be looked at. */
export const livePipelines = path('programs/live.ts')
/** One with each kind of node that decides what runs, or waits. */
export const controlFlow = path('programs/control-flow.ts')
/** One that waits for a signal, then for a decision. */
export const waits = path('programs/waits.ts')

/** A folder whose TypeScript files find `pipewright` (its sources) and zod. */
export async function projectFolder(): Promise<string> {
  const folder = await tempFolder()
  await mkdir(join(folder, 'node_modules'))
  await symlink(path('../../node_modules/zod'), join(folder, 'node_modules', 'zod'))
  return folder
}

/** How a command ended. */
export interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs `pipewright` in a folder; without a terminal. */
export function pipewright(cwd: string, ...args: string[]): Promise<Result> {
  return pipewrightWith({ cwd }, args)
}

/** The same, with an environment or a standard input. */
export function pipewrightWith(
  { input, env = process.env, ...options }: ExecFileOptions & { readonly input?: string },
  args: readonly string[],
): Promise<Result> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...command, ...args],
      { maxBuffer: 64 * 1024 * 1024, ...options, env: { ...env, ...commandEnvironment }, encoding: 'utf8' },
      (error, out, err) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err })
      },
    )
    child.stdin?.end(input)
  })
}
