import { readFileSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { getHeapStatistics } from 'node:v8'
import type { AttemptUsage } from '../../record/event.ts'

type Measured = Pick<AttemptUsage, 'cpu' | 'memory'>

const microseconds = 1_000

/** Linux tells the most memory since it was last told to forget it; elsewhere it is that of the whole process. */
function forgetPeak(): boolean {
  try {
    writeFileSync('/proc/self/clear_refs', '5')
    return true
  } catch {
    return false
  }
}

function peakSince(isForgotten: boolean): number {
  const found = isForgotten && /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
  return found ? Number(found[1]) * 1_024 : process.resourceUsage().maxRSS * 1_024
}

interface ThreadUsage {
  readonly user: number
  readonly system: number
}

/** Newer versions of Node tell the time of one thread. */
const threadCpuUsage = (process as { threadCpuUsage?: () => ThreadUsage }).threadCpuUsage?.bind(process)

/**
 * Measures what this child uses from now on, until the returned function is called: milliseconds of CPU time and bytes. A
 * process tells its most resident memory, a thread the heap that it has at the end.
 */
export function measureUsage(): () => Measured {
  if (!isMainThread) {
    const before = threadCpuUsage?.()
    return () => {
      const now = threadCpuUsage?.()
      const memory = getHeapStatistics().total_heap_size
      if (before === undefined || now === undefined) return { memory }
      return { cpu: (now.user - before.user + now.system - before.system) / microseconds, memory }
    }
  }
  const before = process.cpuUsage()
  const isForgotten = forgetPeak()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return { cpu: (user + system) / microseconds, memory: peakSince(isForgotten) }
  }
}
