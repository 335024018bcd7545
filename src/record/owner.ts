import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Owner } from './event.ts'

/** What can be said of an owner from here. */
export type Liveness = 'alive' | 'dead' | 'unknown'

/** What is asked of the system; a test may put another one in its place. */
export interface ProcessTable {
  readonly host: string
  /** The boot that this system runs since. */
  readonly boot: string
  readonly namespace: string
  /** When a process started, as text; `gone` when there is none, `unknown` when that can't be told. */
  startOf(pid: number): { readonly start: string } | 'gone' | 'unknown'
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** A process that cannot be signalled for want of rights is there all the same. */
function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** The start of a process from the text of `/proc/<pid>/stat`; `gone` for a zombie. */
export function parseStat(text: string): { readonly start: string } | 'gone' {
  // The name in parentheses may hold anything, so fields are counted from its end: state is the 3rd, start the 22nd.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? 'gone' : { start: fields[19]! }
}

function linux(): ProcessTable {
  let namespace = 'unknown'
  try {
    namespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // Without /proc nothing can be told of other processes either.
  }
  return {
    host: hostname(),
    boot: read('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown',
    namespace,
    startOf(pid) {
      const stat = read(`/proc/${pid}/stat`)
      if (stat !== undefined) return parseStat(stat)
      return isGone(pid) ? 'gone' : 'unknown'
    },
  }
}

function run(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return undefined
  }
}

function bsd(): ProcessTable {
  return {
    host: hostname(),
    boot: run('sysctl', ['-n', 'kern.boottime']) ?? 'unknown',
    namespace: 'none',
    startOf(pid) {
      const start = run('ps', ['-o', 'lstart=', '-p', String(pid)])
      if (start !== undefined && start !== '') return { start }
      return isGone(pid) ? 'gone' : 'unknown'
    },
  }
}

let here: ProcessTable | undefined

/** The process table of this machine. */
export function processTable(): ProcessTable {
  return (here ??= process.platform === 'linux' ? linux() : bsd())
}

let self: Owner | undefined

/** This process, as the owner of runs. */
export function currentOwner(): Owner {
  if (self?.pid === process.pid) return self
  const table = processTable()
  const start = table.startOf(process.pid)
  const processStart = typeof start === 'object' ? start.start : 'unknown'
  const { host, boot, namespace } = table
  return (self = { host, pid: process.pid, processStart, boot, namespace })
}

/** Tells whether an owner still runs. Only a process of this host and pid namespace can be told dead. */
export function ownerAlive(owner: Owner, table: ProcessTable = processTable()): Liveness {
  if (owner.host !== table.host || owner.namespace !== table.namespace) return 'unknown'
  if (owner.boot === 'unknown' || table.boot === 'unknown' || owner.namespace === 'unknown') return 'unknown'
  if (owner.boot !== table.boot) return 'dead'
  const found = table.startOf(owner.pid)
  if (found === 'gone') return 'dead'
  if (found === 'unknown' || owner.processStart === 'unknown') return 'unknown'
  return found.start === owner.processStart ? 'alive' : 'dead'
}
