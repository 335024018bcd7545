import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../bench.ts'
import { shell } from '../shell.ts'
import { chainOf } from './chain.ts'
import { failure } from './repeat.ts'

const more = 10
const trace = ['-f', '-qq', '-e', 'trace=fsync,fdatasync', '-e', 'signal=none', '-o'] as const

/** How often a step has the disk confirm what was written: `fsync` and `fdatasync`, as strace counts them. */
export async function syncs(bench: Bench): Promise<number> {
  const from = await countOf(bench, bench.smallest)
  return ((await countOf(bench, bench.smallest + more)) - from) / more
}

async function countOf(bench: Bench, size: number): Promise<number> {
  await bench.restore()
  const file = join(bench.folder, 'syncs.txt')
  const server = await tracing(bench, join(bench.folder, 'server-syncs.txt'))
  const ran = await bench.run(chainOf(size), { through: ['strace', ...trace, file] })
  await server.stop()
  if (ran.code !== 0) throw new Error(failure(ran))
  return (await calls(file)) + (await calls(server.file))
}

/** Calls that were begun: one that another process cut in two is written twice. */
async function calls(file: string): Promise<number> {
  if (!existsSync(file)) return 0
  return (await readFile(file, 'utf8')).match(/\b(?:fsync|fdatasync)\(/g)?.length ?? 0
}

/** Follows the processes of a database that was started before. */
async function tracing(
  { postgres, folder }: Bench,
  file: string,
): Promise<{ readonly file: string; stop(): Promise<void> }> {
  if (postgres === undefined) return { file, stop: async () => {} }
  const children = await shell(['cat', `/proc/${postgres.pid}/task/${postgres.pid}/children`], {
    cwd: folder,
  })
  const ids = [String(postgres.pid), ...children.trim().split(' ')]
  const strace = spawn('strace', [...trace, file, ...ids.flatMap((id) => ['-p', id])], { stdio: 'ignore' })
  const ended = new Promise((resolve) => strace.once('exit', resolve))
  const attached = async (): Promise<boolean> => {
    const status = await readFile(`/proc/${postgres.pid}/status`, 'utf8')
    return !/^TracerPid:\t0$/m.test(status)
  }
  while (strace.exitCode === null && !(await attached())) await sleep(20)
  return {
    file,
    stop: async () => {
      strace.kill('SIGINT')
      await ended
    },
  }
}
