import { fileURLToPath } from 'node:url'

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

function entry(name: string): string {
  return fileURLToPath(new URL(`./${name}.${extension}`, import.meta.url))
}

/** The modules that threads and processes of steps run. */
export const childEntries = { thread: entry('thread-entry'), process: entry('child-entry') } as const

/** Arguments of this process that a child loads code with: not those of a debugger, of a wall, or of the memory of this one. */
export function loaderArguments(): string[] {
  return process.execArgv.filter(
    (argument) =>
      !/^--(?:inspect|permission|experimental-permission|allow-|max-old-space-size|expose-gc)/.test(argument),
  )
}

/** All of the environment of this process. */
export function inheritedEnvironment(): Record<string, string> {
  return { ...(process.env as Record<string, string>) }
}
