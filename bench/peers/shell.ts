import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Command } from './peer.ts'

const execute = promisify(execFile)

export interface Place {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a command that is not measured; its output. When it fails the end of what it printed is in the error. */
export async function shell([name, ...rest]: Command, { cwd, env = process.env }: Place): Promise<string> {
  try {
    const { stdout } = await execute(name, rest, { cwd, env, maxBuffer: 2 ** 28 })
    return stdout
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string }
    const said = lastLines(`${stdout}\n${stderr}`)
    throw new Error(`${name} ${rest.slice(0, 3).join(' ')} failed: ${said}`, { cause })
  }
}

/** The last lines of an output that say something, on one line, without colours. */
export function lastLines(text: string): string {
  // eslint-disable-next-line no-control-regex
  const plain = text.replace(/\u001B\[[\d;]*m/g, '')
  const lines = plain.split('\n').flatMap((line) => (/\w/.test(line) ? [line.trim()] : []))
  return lines.slice(-4).join(' / ').slice(-400)
}
