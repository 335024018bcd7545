import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Bytes of the pages of Linux on every machine that Node runs on. */
const page = 4_096

/** The memory that a process has now, in bytes; undefined where it is gone or cannot be told. */
export async function residentMemory(pid: number): Promise<number | undefined> {
  try {
    if (process.platform === 'linux') {
      const [, resident] = (await readFile(`/proc/${pid}/statm`, 'utf8')).split(' ')
      return Number(resident) * page
    }
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
    const kibibytes = Number(stdout.trim())
    return stdout.trim() === '' || !Number.isFinite(kibibytes) ? undefined : kibibytes * 1_024
  } catch {
    return undefined
  }
}
