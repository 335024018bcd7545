import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { AttemptUsage } from '../../record/event.ts'

/** How often processes are looked at, in milliseconds; at first more often, since many are short. */
const betweenLooks = 100
const firstLook = 10
/** Where only another program tells, it is asked more seldom. */
const betweenQuestions = 500

/** Linux counts CPU time in hundredths of a second whatever the machine. */
const tick = 10
const kibibyte = 1_024

/** What one process has used. */
interface Used {
  /** Milliseconds, with what its children that are gone have used. */
  readonly cpu: number
  /** Bytes that are resident now, and the most that were. */
  readonly resident: number
  readonly peak: number
}

function kibibytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * kibibyte
}

/** The processes that a process has started and not lost, and itself. */
function treeOf(pid: number): number[] {
  const found: number[] = []
  const left = [pid]
  for (let one = left.pop(); one !== undefined; one = left.pop()) {
    found.push(one)
    try {
      for (const task of readdirSync(`/proc/${one}/task`))
        for (const child of readFileSync(`/proc/${one}/task/${task}/children`, 'utf8').split(' '))
          if (child !== '') left.push(Number(child))
    } catch {
      // It is gone.
    }
  }
  return found
}

function usedBy(pid: number): Used | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Its name may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const cpu = fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * tick, 0)
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return { cpu, resident: kibibytes(status, 'VmRSS'), peak: kibibytes(status, 'VmHWM') }
  } catch {
    return undefined
  }
}

/** The resident memory of processes where what they share is counted once; more where the system does not tell. */
function sharedOnce(pids: readonly number[], most: number): number {
  try {
    return pids.reduce(
      (sum, pid) => sum + kibibytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss'),
      0,
    )
  } catch {
    return most
  }
}

/** What the processes of a group use, where `ps` tells it. */
export async function usedByGroup(group: number): Promise<Omit<Used, 'peak'> | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pgid=,rss=,time='])
    let [cpu, resident] = [0, 0]
    for (const line of stdout.trim().split('\n')) {
      const [id, rss, time = ''] = line.trim().split(/\s+/)
      if (Number(id) !== group) continue
      resident += Number(rss) * kibibyte
      const [days, clock] = time.includes('-') ? time.split('-') : ['0', time]
      const seconds = clock!.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
      cpu += (Number(days) * 86_400 + seconds) * 1_000
    }
    return { cpu, resident }
  } catch {
    return undefined
  }
}

/** What is seen of a process and all that it has started. */
export interface TreeWatch {
  /** What they have used, as far as it was seen: what ends between two looks may have used a little more. */
  readonly usage: () => Pick<AttemptUsage, 'cpu' | 'memory'>
  readonly stop: () => void
}

/**
 * Looks at a process, which leads a group, and at what it has started, until that is stopped; `onExceeded` is called once
 * they have more resident memory than the limit, in bytes.
 */
export function watchTree(
  pid: number,
  limit: number | undefined,
  onExceeded: () => void = () => undefined,
): TreeWatch {
  // A process that serves one attempt after the other has used something before.
  const before = process.platform === 'linux' ? (usedBy(pid)?.cpu ?? 0) : 0
  let [cpu, memory] = [0, 0]
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const see = (now: Omit<Used, 'peak'>, peak: number, exact: () => number): void => {
    // It may serve another one by now.
    if (isStopped) return
    cpu = Math.max(cpu, now.cpu - before)
    memory = Math.max(memory, now.resident, peak)
    if (limit !== undefined && now.resident > limit && exact() > limit) {
      isStopped = true
      onExceeded()
    }
  }
  const look = async (): Promise<void> => {
    if (process.platform !== 'linux') {
      const used = await usedByGroup(pid)
      if (used !== undefined) see(used, 0, () => used.resident)
      return
    }
    const tree = treeOf(pid)
    const all = tree.map(usedBy).filter((one) => one !== undefined)
    const sum = (part: 'cpu' | 'resident'): number => all.reduce((total, one) => total + one[part], 0)
    const resident = sum('resident')
    see({ cpu: sum('cpu'), resident }, Math.max(0, ...all.map(({ peak }) => peak)), () =>
      tree.length === 1 ? resident : sharedOnce(tree, resident),
    )
  }
  const usual = process.platform === 'linux' ? betweenLooks : betweenQuestions
  const lookIn = (pause: number): void => {
    timer = setTimeout(() => void lookAndGoOn(pause), pause).unref()
  }
  const lookAndGoOn = async (pause: number): Promise<void> => {
    await look()
    if (!isStopped) lookIn(Math.min(usual, pause * 2))
  }
  lookIn(process.platform === 'linux' ? firstLook : usual)
  return {
    usage: () => (memory === 0 ? {} : { cpu, memory }),
    stop: () => {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
